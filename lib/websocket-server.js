'use strict';

const EventEmitter = require('events');
const http = require('http');

const native = require('./native/addon');
const {
  CLOSE_TIMEOUT,
  EMPTY_BUFFER,
  UPGRADE_INVALID_KEY,
  UPGRADE_INVALID_METHOD,
  UPGRADE_INVALID_UPGRADE,
  UPGRADE_INVALID_VERSION,
  UPGRADE_VALID
} = require('./constants');
const { debug } = require('./debug');
const extension = require('./handshake/extension');
const { formatRefusal } = require('./handshake/response');
const { NativeListener } = require('./native/listener');
const { handleOf } = require('./link/connection-socket');
const PerMessageDeflate = require('./compat/permessage-deflate');
const { settingsFor } = require('./native/settings');
const subprotocol = require('./handshake/subprotocol');
const {
  UnseenSockets,
  asOwnListener,
  forgetSocket,
  peekAtSocket
} = require('./link/unseen-sockets');
const { UpgradeRequest, headerOf, urlOf } = require('./handshake/request');
const WebSocket = require('./websocket');

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

// Characters of the Sec-WebSocket-Accept value that the addon puts behind a request head.
const ACCEPT_LENGTH = 28;
// 16 bytes in Base64.
const KEY = /^[+/0-9A-Za-z]{22}==$/;

// The sockets that have been upgraded, so that a second handleUpgrade() can be told.
const upgraded = new WeakSet();

/** A WebSocket server with the API of ws. */
class WebSocketServer extends EventEmitter {
  // What listens at the port.
  #ownServer = null;
  #removeListeners = null;
  // Of an HTTP server.
  #unseen = null;
  #shouldEmitClose = false;
  // One listener for all of them, which Node calls with the WebSocket as `this`.
  #untrack = bindServer(this, function untrack(server, ws) {
    server.clients.delete(ws);
    if (server.#shouldEmitClose && server.clients.size === 0) process.nextTick(emitClose, server);
  });
  #emitConnection = (ws, req) => this.emit('connection', ws, req);

  /**
   * @param {Object} options exactly one of `port`, `server` and `noServer`; see docs/api.md
   * @param {Function} [callback] for 'listening', in port mode
   * @throws {TypeError} unless exactly one of the three is there
   */
  constructor(options, callback) {
    super();
    this.options = {
      allowSynchronousEvents: true,
      autoPong: true,
      maxBufferedChunks: 256 * 1024,
      maxFragments: 16 * 1024,
      maxPayload: 100 * 1024 * 1024,
      maxPendingAutoPongs: 60,
      skipUTF8Validation: false,
      perMessageDeflate: false,
      handleProtocols: null,
      clientTracking: true,
      closeTimeout: CLOSE_TIMEOUT,
      verifyClient: null,
      noServer: false,
      backlog: null,
      server: null,
      host: null,
      path: null,
      port: null,
      WebSocket,
      ...options
    };
    if (this.options.perMessageDeflate === true) this.options.perMessageDeflate = {};
    const { port, server, noServer, host, backlog, clientTracking } = this.options;
    if (Number(port != null) + Number(Boolean(server)) + Number(Boolean(noServer)) !== 1) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options must be specified'
      );
    }
    this._server = null;
    this._state = RUNNING;
    if (clientTracking) this.clients = new Set();

    if (port != null && !isClusterWorker()) {
      this.#ownServer = this._server = new NativeListener(settingsFor(this.options));
      this._server.listen(port, host, backlog, callback);
      this.#listen({
        upgrade: (handle, status, bytes) => this.#onNativeUpgrade(handle, status, bytes)
      });
    } else if (port != null) {
      // Workers share a port through the primary, which knows Node's sockets only.
      this.#ownServer = this._server = http.createServer(answerPlainRequest);
      this._server.listen(port, host, backlog, callback);
      this.#listenOnHttp();
    } else if (server) {
      this._server = server;
      this.#listenOnHttp();
    }
  }

  #listenOnHttp() {
    this.#unseen = new UnseenSockets(this._server);
    this.#listen({
      upgrade: asOwnListener((req, socket, head) => {
        if (this.#hasOwnHandshake()) this.#unseen.begin(req, socket);
        this.handleUpgrade(req, socket, head, this.#emitConnection);
      })
    });
  }

  #listen(handlers) {
    const server = this._server;
    const all = {
      listening: () => {
        if (debug.enabled) debug.server('listening at %j', server.address());
        this.emit('listening');
      },
      error: (error) => this.emit('error', error),
      ...handlers
    };
    for (const [event, handler] of Object.entries(all)) server.on(event, handler);
    this.#removeListeners = () => {
      for (const [event, handler] of Object.entries(all)) server.removeListener(event, handler);
    };
  }

  /**
   * The address that the server listens at, as net.Server gives it.
   *
   * @return {(Object|String|null)} null when it does not listen
   * @throws {Error} with `noServer`
   */
  address() {
    if (this.options.noServer) {
      throw new Error('The server is operating in "noServer" mode');
    }
    return this._server === null ? null : this._server.address();
  }

  /**
   * Accepts no more connections. Those that there are go on; 'close' comes when the last one has
   * ended (with `server` or `noServer`: and if clients are tracked).
   *
   * @param {Function} [cb] for 'close'; gets an error if the server is closed already
   */
  close(cb) {
    if (this._state === CLOSED) {
      if (cb) this.once('close', () => cb(new Error('The server is not running')));
      process.nextTick(emitClose, this);
      return;
    }
    if (cb) this.once('close', cb);
    if (this._state === CLOSING) return;
    this._state = CLOSING;

    if (this.#removeListeners !== null) this.#removeListeners();
    if (this.#unseen !== null) this.#unseen.stop();
    this.#removeListeners = this._server = null;
    if (this.#ownServer !== null) {
      const server = this.#ownServer;
      // Handshakes that are under way still need an answer, and errors somebody who knows.
      if (server instanceof NativeListener) {
        server.on('upgrade', (handle) => refuseNative(handle, 503));
      }
      server.close(() => emitClose(this));
    } else if (this.clients !== undefined && this.clients.size > 0) {
      this.#shouldEmitClose = true;
    } else {
      process.nextTick(emitClose, this);
    }
  }

  /**
   * Whether a request is for this server; may be overridden.
   *
   * @param {http.IncomingMessage} req
   * @return {Boolean}
   */
  shouldHandle(req) {
    return this.#isPath(req.url);
  }

  #isPath(url) {
    const { path } = this.options;
    if (!path) return true;
    const query = url.indexOf('?');
    return (query === -1 ? url : url.slice(0, query)) === path;
  }

  /**
   * Does the opening handshake of a request, on any stream.
   *
   * @param {http.IncomingMessage} req
   * @param {Duplex} socket
   * @param {Buffer} head the first bytes behind the request
   * @param {function(WebSocket, http.IncomingMessage)} cb
   */
  handleUpgrade(req, socket, head, cb) {
    socket.on('error', destroySocket);

    const { headers } = req;
    const version = Number(headers['sec-websocket-version']);
    const key = headers['sec-websocket-key'];
    if (req.method !== 'GET') {
      this.#refuseStatus(req, socket, UPGRADE_INVALID_METHOD);
      return;
    }
    if (headers.upgrade === undefined || headers.upgrade.toLowerCase() !== 'websocket') {
      this.#refuseStatus(req, socket, UPGRADE_INVALID_UPGRADE);
      return;
    }
    if (key === undefined || !KEY.test(key)) {
      this.#refuseStatus(req, socket, UPGRADE_INVALID_KEY);
      return;
    }
    if (version !== 13 && version !== 8) {
      this.#refuseStatus(req, socket, UPGRADE_INVALID_VERSION);
      return;
    }
    if (!this.shouldHandle(req)) {
      refuse(socket, 400);
      return;
    }

    let protocols = new Set();
    if (headers['sec-websocket-protocol'] !== undefined) {
      try {
        protocols = subprotocol.parse(headers['sec-websocket-protocol']);
      } catch {
        const message = 'Invalid Sec-WebSocket-Protocol header';
        this.#refuseRequest(req, socket, message, formatRefusal(400, message));
        return;
      }
    }

    const extensions = {};
    if (this.options.perMessageDeflate && headers['sec-websocket-extensions'] !== undefined) {
      try {
        this.#negotiate(headers['sec-websocket-extensions'], extensions);
      } catch {
        const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';
        this.#refuseRequest(req, socket, message, formatRefusal(400, message));
        return;
      }
    }

    const proceed = () => this.completeUpgrade(extensions, key, protocols, req, socket, head, cb);
    const { verifyClient } = this.options;
    if (!verifyClient) {
      proceed();
      return;
    }
    const { authorized, encrypted } = peekAtSocket(req);
    const info = {
      origin: headers[version === 8 ? 'sec-websocket-origin' : 'origin'],
      secure: Boolean(authorized || encrypted),
      req
    };
    if (verifyClient.length === 2) {
      verifyClient(info, (verified, code, message, extra) => {
        if (verified) proceed();
        else refuse(socket, code || 401, message, extra);
      });
      return;
    }
    const decide = (verified) => {
      if (verified) proceed();
      else refuse(socket, 401);
    };
    const verified = verifyClient(info);
    // ws takes a promise for a yes, so that nobody is ever refused.
    if (typeof verified?.then === 'function') decideLater(verified, decide);
    else decide(verified);
  }

  // Takes the extension that the server knows, if it is offered in a way that can be accepted.
  #negotiate(header, extensions) {
    const { maxPayload, perMessageDeflate: options } = this.options;
    const offers = extension.parse(header)[PerMessageDeflate.extensionName];
    const perMessageDeflate = new PerMessageDeflate({ ...options, isServer: true, maxPayload });
    if (offers === undefined) return;
    perMessageDeflate.accept(offers);
    extensions[PerMessageDeflate.extensionName] = perMessageDeflate;
  }

  /**
   * Answers a verified request with 101 and makes the WebSocket.
   *
   * @param {Object} extensions those that were negotiated, by name
   * @param {String} key the value of Sec-WebSocket-Key
   * @param {Set<String>} protocols the subprotocols that the client offers
   * @param {http.IncomingMessage} req
   * @param {Duplex} socket
   * @param {Buffer} head
   * @param {function(WebSocket, http.IncomingMessage)} cb
   * @throws {Error} when the socket was upgraded before
   */
  completeUpgrade(extensions, key, protocols, req, socket, head, cb) {
    // The client has gone already.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }
    if (upgraded.has(socket) || handleOf(socket)?.isDecided) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due ' +
          'to a misconfiguration'
      );
    }
    if (this._state > RUNNING) {
      refuse(socket, 503);
      return;
    }

    const headers = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${native.acceptValue(key)}`
    ];
    const ws = new this.options.WebSocket(null, undefined, this.options);
    if (protocols.size > 0) {
      const { handleProtocols } = this.options;
      const [first] = protocols;
      const protocol = handleProtocols ? handleProtocols(protocols, req) : first;
      if (protocol) {
        headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
        ws._protocol = protocol;
      }
    }
    const perMessageDeflate = extensions[PerMessageDeflate.extensionName];
    if (perMessageDeflate) {
      headers.push(`Sec-WebSocket-Extensions: ${formatExtensions(extensions)}`);
      ws._extensions = extensions;
    }
    this.emit('headers', headers, req);
    const response = `${headers.join('\r\n')}\r\n\r\n`;

    socket.removeListener('error', destroySocket);
    if (this.#isUnseen(req, ws) && ws._replaceSocket(socket, head, response)) {
      forgetSocket(req, ws);
    } else {
      this.#attach(ws, socket, head, response);
    }
    this.#track(ws);
    cb(ws, req);
  }

  // Whether nobody knows the socket of a request, nor would if it was the WebSocket's.
  #isUnseen(req, ws) {
    return this.#unseen?.has(req) && ws.setSocket === WebSocket.prototype.setSocket;
  }

  // Sends the response, and gives the WebSocket its connection.
  #attach(ws, socket, head, response) {
    upgraded.add(socket);
    const handle = handleOf(socket);
    if (handle !== undefined) {
      native.acceptWith(handle.id, settingsFor(this.options), response);
      handle.accepted();
      ws._ownSocket = socket;
      ws._open(handle.id);
    } else {
      socket.write(response);
      ws.setSocket(socket, head, this.options);
    }
  }

  #track(ws) {
    if (this.clients === undefined) return;
    this.clients.add(ws);
    ws.on('close', this.#untrack);
  }

  // A request head on the native listener. `bytes` is the head and, if it is valid, the value of
  // Sec-WebSocket-Accept.
  #onNativeUpgrade(handle, status, bytes) {
    if (status !== UPGRADE_VALID) {
      this.#refuseNative(handle, status, bytes);
      return;
    }
    const headSize = bytes.length - ACCEPT_LENGTH;
    const head = bytes.latin1Slice(0, headSize);
    const extensions = this.#isPlain(head) ? this.#negotiateHead(head) : undefined;
    if (extensions === undefined) {
      const req = new UpgradeRequest(handle, head);
      this.handleUpgrade(req, req.socket, EMPTY_BUFFER, this.#emitConnection);
      return;
    }
    if (!this.#isPath(urlOf(head))) {
      refuseNative(handle, 400);
      return;
    }
    // Nobody wants to look at the request or to change the response.
    const ws = new this.options.WebSocket(null, undefined, this.options);
    if (extensions !== null) ws._extensions = extensions;
    const accept = bytes.latin1Slice(headSize);
    native.accept(handle, settingsFor(this.options), accept, formatExtensions(extensions));
    ws._open(handle);
    this.#track(ws);
    this.emit('connection', ws, new UpgradeRequest(handle, head, ws));
  }

  // The extensions that a head's offers come to, null for none; undefined where it is to be refused.
  #negotiateHead(head) {
    if (!this.options.perMessageDeflate || !/^sec-websocket-extensions:/im.test(head)) return null;
    const extensions = {};
    try {
      this.#negotiate(headerOf(head, 'sec-websocket-extensions'), extensions);
    } catch {
      return undefined;
    }
    return extensions;
  }

  // Whether a handshake can do without the methods and hooks that users may set.
  #isPlain(head) {
    return (
      !/^sec-websocket-protocol:/im.test(head) &&
      !this.options.verifyClient &&
      this.#hasOwnHandshake() &&
      this.shouldHandle === WebSocketServer.prototype.shouldHandle &&
      this.listenerCount('headers') === 0
    );
  }

  // Whether the methods that get sockets are those of this class.
  #hasOwnHandshake() {
    const { prototype } = WebSocketServer;
    return (
      this.handleUpgrade === prototype.handleUpgrade &&
      this.completeUpgrade === prototype.completeUpgrade
    );
  }

  // A head that is no valid upgrade. Only those that ws would see go to 'wsClientError'; the
  // others it would leave to its HTTP server.
  #refuseNative(handle, status, bytes) {
    const isUpgrade = status >= UPGRADE_INVALID_METHOD;
    if (isUpgrade && this.listenerCount('wsClientError') > 0) {
      const req = new UpgradeRequest(handle, bytes.latin1Slice());
      req.socket.on('error', destroySocket);
      const error = new Error(native.rejectionReason(status));
      this.emit('wsClientError', error, req.socket, req);
    } else {
      native.reject(handle, Buffer.from(native.rejection(status)));
    }
  }

  #refuseStatus(req, socket, status) {
    this.#refuseRequest(req, socket, native.rejectionReason(status), native.rejection(status));
  }

  #refuseRequest(req, socket, message, response) {
    if (this.listenerCount('wsClientError') > 0) {
      this.emit('wsClientError', new Error(message), socket, req);
    } else {
      endWith(socket, response);
    }
  }
}

// A listener that gets the server and what it was called on.
function bindServer(server, listener) {
  return function onEvent() {
    listener(server, this);
  };
}

// Required where it is needed: it takes a millisecond to load.
function isClusterWorker() {
  return require('cluster').isWorker;
}

function emitClose(server) {
  server._state = CLOSED;
  server.emit('close');
}

function answerPlainRequest(req, res) {
  res.writeHead(426, {
    'Content-Type': 'text/plain',
    Connection: 'close',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13, 8'
  });
  res.end(http.STATUS_CODES[426]);
}

// What was negotiated, for the response.
function formatExtensions(extensions) {
  const perMessageDeflate = extensions?.[PerMessageDeflate.extensionName];
  if (!perMessageDeflate) return '';
  return extension.format({ [PerMessageDeflate.extensionName]: [perMessageDeflate.params] });
}

// Awaits a promise of a decision. The decision is made outside of the promise, so that what a
// listener throws is an uncaught exception, as it is without one.
function decideLater(promise, decide) {
  promise.then(
    (verified) => process.nextTick(decide, verified),
    (error) => {
      if (debug.enabled) debug.server('verifyClient rejected: %s', error);
      process.nextTick(decide, false);
    }
  );
}

function destroySocket() {
  this.destroy();
}

function refuse(socket, code, message, headers) {
  endWith(socket, formatRefusal(code, message, headers));
}

function endWith(socket, response) {
  if (debug.enabled) debug.server('refused: %s', response.split('\r\n', 1)[0]);
  socket.once('finish', socket.destroy);
  socket.end(response);
}

function refuseNative(handle, code) {
  if (debug.enabled) debug.server('refused: %d', code);
  native.reject(handle, Buffer.from(formatRefusal(code)));
}

module.exports = WebSocketServer;
