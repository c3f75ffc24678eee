'use strict';

const EventEmitter = require('events');
const http = require('http');
const https = require('https');

const { isToken } = require('../validation');
const WebSocketServer = require('../websocket-server');
const { Channel } = require('./channel');
const Connection = require('./connection');
const { limits } = require('./limits');
const { kAdd, kAttach, kOpened, kRemove } = require('./symbols');

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\n\r\n';

const kSelectProtocol = Symbol('wsuv.selectProtocol');

/**
 * A server, with the API of nodejs-websocket.
 *
 * Emits 'listening', 'connection' (connection), 'close' and 'error' (error).
 */
class Server extends EventEmitter {
  /**
   * @param {Boolean} secure whether it speaks TLS
   * @param {Object} [options] those of http.createServer(), or of https.createServer(), and
   * @param {String[]} [options.validProtocols] the subprotocols that it knows: the first of those that
   *     a client offers is chosen
   * @param {function(Connection, String[]): (String|undefined)} [options.selectProtocol] chooses
   *     instead
   * @param {Function} [callback] for 'connection'
   * @throws {TypeError} for options of another type
   */
  constructor(secure, options, callback) {
    super();
    if (typeof options === 'function') {
      callback = options;
      options = undefined;
    }
    options ??= {};
    const { selectProtocol, validProtocols } = options;
    if (selectProtocol && typeof selectProtocol !== 'function') {
      throw new TypeError(
        `The option "selectProtocol" must be a function; got ${typeof selectProtocol}`
      );
    }
    if (validProtocols && typeof validProtocols.includes !== 'function') {
      throw new TypeError(
        `The option "validProtocols" must be an array; got ${typeof validProtocols}`
      );
    }
    /** @type {(http.Server|https.Server)} what listens */
    this.socket = secure ? https.createServer(options) : http.createServer(options);
    /** @type {Connection[]} the open ones */
    this.connections = [];
    this[kSelectProtocol] = selectProtocol || selectorOf(validProtocols);
    if (callback) this.on('connection', callback);
    accept(this);
  }

  /**
   * Listens.
   *
   * @param {(Number|String|Object)} port what net.Server's listen() takes; 0 for any that is free
   * @param {String} [host]
   * @param {Function} [callback] for 'listening'
   * @return {Server} this
   */
  listen(port, host, callback) {
    if (typeof host === 'function') {
      callback = host;
      host = undefined;
    }
    if (callback) this.on('listening', callback);
    this.socket.listen(port, host);
    return this;
  }

  /**
   * Accepts no more connections. 'close' comes when those that there are have ended.
   *
   * @param {Function} [callback] for 'close'
   */
  close(callback) {
    if (callback) this.once('close', callback);
    this.socket.close();
  }

  [kAdd](connection) {
    connection.removeListener('error', ignore);
    this.connections.push(connection);
    this.emit('connection', connection);
  }

  [kRemove](connection) {
    const at = this.connections.indexOf(connection);
    if (at >= 0) this.connections.splice(at, 1);
  }
}

function accept(server) {
  const { socket: web } = server;
  // Those whose subprotocol is being chosen are there before their WebSocket is.
  const early = new WeakMap();
  const webSockets = new WebSocketServer({
    server: web,
    WebSocket: Channel,
    clientTracking: false,
    handleProtocols(protocols, req) {
      const connection = connectionOf(server, req);
      early.set(req, connection);
      // Of what is done to it before it is open, nobody can know.
      connection.on('error', ignore);
      connection.protocols = [...protocols];
      return (connection.protocol = chooseProtocol(server, connection, req)) || false;
    }
  });
  // Of connections that open from now on.
  for (const name of ['maxPayload', 'streamThreshold']) {
    Object.defineProperty(webSockets.options, name, {
      enumerable: true,
      get: () => limits.maxBufferLength
    });
  }
  webSockets.shouldHandle = ({ headers }) =>
    headers.host !== undefined && headers['sec-websocket-version'] === '13';
  webSockets.on('listening', () => server.emit('listening'));
  webSockets.on('error', (error) => server.emit('error', error));
  webSockets.on('wsClientError', (error, socket) => refuse(socket));
  webSockets.on('connection', (channel, req) => {
    const connection = early.get(req) ?? connectionOf(server, req);
    connection[kAttach](channel);
    if (connection.readyState === connection.CONNECTING) connection[kOpened]();
    else channel.terminate();
  });
  web.on('close', () => server.emit('close'));
  // Whatever is no upgrade.
  web.on('request', (req) => refuse(req.socket));
  web.on('connect', (req, socket) => refuse(socket));
  web.on('clientError', (error, socket) => {
    if (error.code?.startsWith('HPE_') || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket);
    else socket.destroy();
  });
}

function connectionOf(server, req) {
  const { headers, url } = req;
  const connection = new Connection(
    { server, path: url, host: null, extraHeaders: null, protocols: [] },
    () => req.socket
  );
  connection.headers = headers;
  connection.key = headers['sec-websocket-key'];
  return connection;
}

// The first that a client offers, and that is known.
function selectorOf(validProtocols) {
  if (!validProtocols) return undefined;
  return (connection, protocols) => protocols.find((name) => validProtocols.includes(name));
}

function chooseProtocol(server, connection, req) {
  const select = server[kSelectProtocol];
  if (select === undefined) return undefined;
  try {
    const protocol = select.call(server, connection, connection.protocols);
    if (protocol && !isToken(protocol)) {
      throw new TypeError('selectProtocol() must return the name of a protocol, or nothing');
    }
    // It may have closed the connection.
    if (connection.readyState === connection.CLOSED) req.socket.destroy();
    return protocol;
  } catch (error) {
    req.socket.destroy();
    throw error;
  }
}

function ignore() {}

function refuse(socket) {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.once('finish', socket.destroy);
  socket.end(BAD_REQUEST);
}

module.exports = Server;
