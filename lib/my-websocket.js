'use strict';

const EventEmitter = require('events');
const { isAnyArrayBuffer } = require('util').types;

const { EMPTY_BUFFER } = require('./constants');
const { nextTick } = require('./native/realm');
const { kOnMessage, kOnText, kWantsText } = require('./symbols');
const { isBlob } = require('./validation');
const WebSocket = require('./websocket');
const WebSocketServer = require('./websocket-server');

/**
 * One connection of a MyWebsocket: a WebSocket that takes text as strings.
 */
class Peer extends WebSocket {
  #owner = null;

  /**
   * Hands the connection's events to a MyWebsocket.
   *
   * @param {MyWebsocket} owner
   */
  belongTo(owner) {
    this.#owner = owner;
  }

  get [kWantsText]() {
    return true;
  }

  [kOnText](text) {
    this.#owner.emit('data', text, this, false);
  }

  [kOnMessage](data, isBinary) {
    this.#owner.emit('data', isBinary ? data : data.toString(), this, isBinary);
  }
}

/**
 * A WebSocket server in its simplest form: every message of every connection is a 'data' event,
 * and send() goes to every connection.
 *
 * Emits 'listening', 'connection' (peer), 'data' (string or Buffer, peer, isBinary),
 * 'close' (code, reason, peer) when a connection ends (1006 without a close frame), and
 * 'error' (error, peer or undefined).
 */
class MyWebsocket extends EventEmitter {
  #server;
  #peers = new Set();

  /**
   * Either a server of its own, `new MyWebsocket({ port, host })`, or on an HTTP server,
   * `new MyWebsocket({ server })`, or for one connection, with the arguments of an HTTP server's
   * 'upgrade' event: `new MyWebsocket(req, socket, head)`.
   *
   * @param {({port: Number=, host: String=, server: http.Server=}|http.IncomingMessage)} [options]
   *     port 8080 by default; what else is there goes to the WebSocketServer
   * @param {Duplex} [socket]
   * @param {Buffer} [head]
   */
  constructor(options = {}, socket, head) {
    super();
    if (socket !== undefined) {
      this.#server = new WebSocketServer({ noServer: true, WebSocket: Peer });
      let peer;
      // The connection is there at once, but listeners can only be when the constructor has
      // returned. This tick comes before the one in which the socket begins to read.
      nextTick(() => peer && this.emit('connection', peer));
      this.#server.handleUpgrade(options, socket, head ?? EMPTY_BUFFER, (made) => {
        peer = made;
        this.#add(made);
      });
      return;
    }
    const where = options.server || options.noServer ? {} : { port: 8080 };
    this.#server = new WebSocketServer({ ...where, ...options, WebSocket: Peer });
    this.#server.on('listening', () => this.emit('listening'));
    this.#server.on('error', (error) => this.emit('error', error, undefined));
    this.#server.on('connection', (peer) => {
      this.#add(peer);
      this.emit('connection', peer);
    });
  }

  #add(peer) {
    peer.belongTo(this);
    this.#peers.add(peer);
    peer.on('error', (error) => {
      // What one peer does wrong ends its connection; it need not end the program.
      if (this.listenerCount('error') > 0) this.emit('error', error, peer);
    });
    peer.on('close', (code, reason) => {
      this.#peers.delete(peer);
      this.emit('close', code, reason.toString(), peer);
    });
  }

  /** @type {Set<Peer>} the open connections */
  get peers() {
    return this.#peers;
  }

  /** @return {(Object|String|null)} where the server listens; null where it does not */
  address() {
    return this.#server.options.noServer ? null : this.#server.address();
  }

  /**
   * Sends to every open connection.
   *
   * @param {(String|ArrayBuffer|ArrayBufferView|Blob)} data a string as text, anything else as binary,
   *     unless the options say otherwise
   * @param {{binary: Boolean=, compress: Boolean=, fin: Boolean=, mask: Boolean=}} [options] as those
   *     of WebSocket's send()
   * @param {Function} [cb] called once, with null when the kernel has taken the message for each
   *     connection, or else with the first error that there was
   * @throws {TypeError} for any other data, and for a callback that is none
   */
  send(data, options, cb) {
    if (typeof options === 'function') {
      cb = options;
      options = undefined;
    }
    if (!isMessage(data)) {
      throw new TypeError(
        `The data to send must be a string, bytes or a Blob; got ${describe(data)}`
      );
    }
    if (cb === undefined) {
      for (const peer of this.#peers) {
        if (peer.readyState === WebSocket.OPEN) peer.send(data, options);
      }
      return;
    }
    if (typeof cb !== 'function') {
      throw new TypeError(`The callback must be a function; got ${describe(cb)}`);
    }
    const peers = [...this.#peers].filter((peer) => peer.readyState === WebSocket.OPEN);
    const done = whenAll(peers.length, cb);
    for (const peer of peers) peer.send(data, options, done);
  }

  /**
   * Closes every connection and stops the server.
   *
   * @param {Number} [code] the close code, 1000 by default
   * @param {String} [reason]
   * @param {Function} [cb] called when all is closed
   */
  close(code = 1000, reason = '', cb = undefined) {
    for (const peer of this.#peers) peer.close(code, reason);
    this.#server.close(cb);
  }
}

function isMessage(data) {
  return (
    typeof data === 'string' || ArrayBuffer.isView(data) || isAnyArrayBuffer(data) || isBlob(data)
  );
}

// Calls `callback` when what this returns has been called `count` times.
function whenAll(count, callback) {
  let first = null;
  if (count === 0) nextTick(callback, first);
  return (error) => {
    first ??= error ?? null;
    if (--count === 0) callback(first);
  };
}

function describe(value) {
  if (value === null) return 'null';
  if (typeof value !== 'object') return `${typeof value} (${String(value)})`;
  return `an instance of ${value.constructor?.name ?? 'Object'}`;
}

module.exports = MyWebsocket;
