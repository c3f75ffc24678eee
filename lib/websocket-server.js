'use strict';

const EventEmitter = require('events');

const native = require('./native/addon');
const { CLOSE_TIMEOUT, EMPTY_BUFFER, EXTENSION_NAME } = require('./constants');
const { isHttpAsNodeLeftIt } = require('./link/node-internals');
const { kLoad, kOpen, kOwnMethods, kReplaceSocket } = require('./symbols');
const { lazy } = require('./lazy');
const WebSocket = require('./websocket');

// What only a server needs comes with the first one.
let events, extension, subprotocol;
let UpgradeStatus, formatLines, formatRefusal, formatStatus, refusalFor, switchingProtocols;
let UpgradeRequest, UndecidedHandle, UndecidedSocket, destroySocket, endWith;
let UnseenSockets, forgetSocket, isForgotten;
let NativeListener, frameSizeOf, handleOf, isClaimed, settingsFor, sockets, streamOptionsOf;
let usesStreams;
const load = lazy(() => {
  events = require('./events');
  extension = require('./handshake/extension');
  ({ UpgradeRequest } = require('./handshake/request'));
  ({
    UpgradeStatus,
    formatLines,
    formatRefusal,
    formatStatus,
    refusalFor,
    switchingProtocols
  } = require('./handshake/response'));
  subprotocol = require('./handshake/subprotocol');
  ({ UndecidedHandle, UndecidedSocket, destroySocket, endWith } = require('./handshake/undecided'));
  ({ isClaimed } = require('./link/claimed-sockets'));
  ({ handleOf } = require('./link/node-socket'));
  ({ usesStreams } = require('./link/transport'));
  ({ UnseenSockets, forgetSocket, isForgotten } = require('./link/unseen-sockets'));
  ({ sockets } = require('./native/dispatch'));
  ({ NativeListener } = require('./native/listener'));
  ({ settingsFor, streamOptionsOf } = require('./native/settings'));
  ({ frameSizeOf } = require('./sending/frame-size'));
  return WebSocket[kLoad]();
});
const deflate = lazy(() => require('./compat/permessage-deflate'));
const plainServer = lazy(() => require('./handshake/plain-server'));

const { emit } = EventEmitter.prototype;

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

// Characters of the Sec-WebSocket-Accept value that the addon puts behind a request head.
const ACCEPT_LENGTH = 28;

// What is not known from ws. Symbols, so that no subclass meets them, and that a Proxy around a server
// has them.
const kEmitConnection = Symbol('wsuv.emitConnection');
const kSelf = Symbol('wsuv.self');
const kUnseen = Symbol('wsuv.unseen');
const kUntrack = Symbol('wsuv.untrack');

/**
 * A WebSocket server with the API of ws.
 *
 * Members that begin with an underscore are those of ws that packages reach for.
 */
class WebSocketServer extends EventEmitter {
  /**
   * @param {Object} options exactly one of `port`, `server` and `noServer` is to be there
   * @param {Boolean} [options.allowSynchronousEvents=true] whether 'message', 'ping' and 'pong' may
   *     come several times in a turn of the event loop
   * @param {Boolean} [options.autoPong=true] whether pings are answered
   * @param {Number} [options.backlog=511] how many connections may wait to be accepted
   * @param {Boolean} [options.clientTracking=true] whether there is a `clients`
   * @param {Number} [options.closeTimeout=30000] milliseconds from our close frame until the
   *     connection is dropped
   * @param {Function} [options.handleProtocols] chooses a subprotocol: called with the Set of those
   *     that the client offers and the request, returns one of them, or false for none
   * @param {Number} [options.handshakeTimeout=10000] with `port`: milliseconds for a request head;
   *     0 for no limit
   * @param {String} [options.host] with `port`: the address to listen at; all of them by default
   * @param {Number} [options.maxBufferedChunks=262144] reads over which one frame may be spread
   * @param {Number} [options.maxFragments=16384] frames that a message may have
   * @param {Number} [options.maxFrameSize=0] bytes that a frame may have: longer messages are sent in
   *     several; 0 for no limit
   * @param {Number} [options.maxHeadersCount=1000] with `port`: header fields that a request may
   *     have; 0 for no limit
   * @param {Number} [options.maxHeaderSize] with `port`: bytes of a request's head, as Node's http
   *     counts them; by default http.maxHeaderSize, which `node --max-http-header-size` sets
   * @param {Number} [options.maxPayload=104857600] bytes of the largest message
   * @param {Number} [options.maxStreamLength=0] bytes of the largest message that comes as 'stream'
   * @param {Number} [options.maxPendingAutoPongs=60] answers to pings that may wait to be written;
   *     at one more the connection is dropped
   * @param {Boolean} [options.noServer=false] handleUpgrade() is called by the program
   * @param {String} [options.path] connections for other paths are refused
   * @param {(Boolean|Object)} [options.perMessageDeflate=false] whether compression is accepted, and
   *     with what options; see docs/api.md
   * @param {(Number|String)} [options.port] to listen at; what is no number is the path of a Unix
   *     domain socket
   * @param {(http.Server|https.Server)} [options.server] whose 'upgrade' events to handle
   * @param {Boolean} [options.skipUTF8Validation=false] whether text and close reasons may be no UTF-8
   * @param {Number} [options.streamThreshold=0] longer messages, and those in several frames, come as
   *     'stream'; 0: none does
   * @param {Function} [options.verifyClient] decides about a request; called with
   *     `{ origin, secure, req }` and, where it takes two, a function (verified, code, message, headers)
   * @param {Boolean} [options.waitForListener=false] whether nothing is read from a connection before
   *     somebody listens for its messages or iterates
   * @param {Function} [options.WebSocket=WebSocket] the class of the connections
   * @param {Function} [callback] for 'listening', with `port`
   * @throws {TypeError} unless exactly one of the three is there
   */
  constructor(options, callback) {
    super();
    load();
    options = {
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
    const { port, server, noServer, host, backlog } = options;
    if (Number(port != null) + Number(Boolean(server)) + Number(Boolean(noServer)) !== 1) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options must be specified'
      );
    }
    frameSizeOf(options.maxFrameSize);
    if (options.perMessageDeflate === true) options.perMessageDeflate = {};
    if (options.perMessageDeflate) deflate();
    this.options = options;
    this._server = null;
    this._state = RUNNING;
    // As under ws, an emit() that is put in its place later does not see these events.
    this[kEmitConnection] = this.emit.bind(this, 'connection');
    this[kUnseen] = null;
    // One listener for all connections, which Node calls with the WebSocket as `this`.
    this[kSelf] = this;
    this[kUntrack] = bindServer(this, untrack);
    if (options.clientTracking) {
      this.clients = new Set();
      this._shouldEmitClose = false;
    }

    if (port != null && !usesStreams && isHttpAsNodeLeftIt() && !isClusterWorker()) {
      listenAtPort(this, callback);
    } else if (port != null) {
      // Workers of a cluster share a port through the primary, which knows Node's sockets only. And
      // whoever has patched http.Server wants to see what it does.
      this._server = plainServer().createPlainServer(options);
      this._server.listen(port, host, backlog, callback);
      listenOnHttp(this);
    } else if (server) {
      this._server = server;
      listenOnHttp(this);
    }
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

    const server = this._server;
    if (server !== null) {
      this._removeListeners();
      this._removeListeners = this._server = null;
    }
    if (this[kUnseen] !== null) this[kUnseen].stop();
    if (!this.options.noServer && !this.options.server) {
      server.close(() => emitClose(this));
    } else if (this.clients && this.clients.size > 0) {
      this._shouldEmitClose = true;
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
    return isForPath(req.url, this.options.path);
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
    const status = native.checkUpgrade(req.method, String(headers.upgrade), String(key), version);
    const upgrade = new UndecidedSocket(req, socket);
    if (status !== UpgradeStatus.VALID) {
      const { code, message, headers: added } = refusalFor(status);
      refuseRequest(this, upgrade, message, formatRefusal(code, message, added));
      return;
    }
    decide(this, upgrade, (extensions, protocols) =>
      this.completeUpgrade(extensions, key, protocols, req, socket, head, cb)
    );
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
    if (isClaimed(socket) || handleOf(socket)?.isDecided || isForgotten(req)) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due ' +
          'to a misconfiguration'
      );
    }
    if (this._state > RUNNING) {
      endWith(socket, formatRefusal(503));
      return;
    }

    const ws = new this.options.WebSocket(null, undefined, this.options);
    const response = respond(this, ws, native.acceptValue(key), extensions, protocols, req);
    if (isUnseen(this, req, ws)) {
      socket.removeListener('error', destroySocket);
      if (ws[kReplaceSocket](socket, head, response)) {
        forgetSocket(req, ws);
        track(this, ws);
        cb(ws, req);
        return;
      }
    }
    openOn(this, ws, response, req, socket, head, cb);
  }
}

// The methods that users may override, subclass or replace, as they are. Whoever did that is called as
// under ws, which costs a request that is an http.IncomingMessage from the beginning.
const { prototype } = WebSocketServer;
const own = {
  completeUpgrade: prototype.completeUpgrade,
  emit: prototype.emit,
  handleUpgrade: prototype.handleUpgrade,
  setSocket: WebSocket[kOwnMethods].setSocket,
  shouldHandle: prototype.shouldHandle
};

// Whether the methods that get sockets are those of this class.
function hasOwnHandshake(server) {
  return (
    server.handleUpgrade === own.handleUpgrade && server.completeUpgrade === own.completeUpgrade
  );
}

// Whether nobody knows the socket of a request, nor would if it was the WebSocket's.
function isUnseen(server, req, ws) {
  return server[kUnseen] !== null && server[kUnseen].has(req) && ws.setSocket === own.setSocket;
}

// What ws passes to setSocket().
function limitsOf(options) {
  return {
    allowSynchronousEvents: options.allowSynchronousEvents,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxPayload: options.maxPayload,
    skipUTF8Validation: options.skipUTF8Validation,
    ...streamOptionsOf(options)
  };
}

// Asks whether a correct upgrade is for this server, and everybody who may have something against it.
function decide(server, upgrade, proceed) {
  const { req } = upgrade;
  const isOurs =
    server.shouldHandle === own.shouldHandle
      ? isForPath(upgrade.url, server.options.path)
      : server.shouldHandle(req);
  if (!isOurs) {
    upgrade.refuse(formatRefusal(400));
    return;
  }

  let protocols = new Set();
  const offeredProtocols = upgrade.header('sec-websocket-protocol');
  if (offeredProtocols !== undefined) {
    try {
      protocols = subprotocol.parse(offeredProtocols);
    } catch {
      const message = 'Invalid Sec-WebSocket-Protocol header';
      refuseRequest(server, upgrade, message, formatRefusal(400, message));
      return;
    }
  }

  const extensions = {};
  const offers = server.options.perMessageDeflate
    ? upgrade.header('sec-websocket-extensions')
    : undefined;
  if (offers !== undefined) {
    try {
      negotiate(server.options, offers, extensions);
    } catch {
      const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';
      refuseRequest(server, upgrade, message, formatRefusal(400, message));
      return;
    }
  }

  if (server.options.verifyClient) {
    verify(server, upgrade, () => proceed(extensions, protocols));
  } else {
    proceed(extensions, protocols);
  }
}

function verify(server, upgrade, proceed) {
  const { req } = upgrade;
  const { headers } = req;
  const isOld = Number(headers['sec-websocket-version']) === 8;
  const origin = headers[isOld ? 'sec-websocket-origin' : 'origin'];
  const info = { origin, secure: upgrade.isSecure, req };
  const answer = (verified, code = 401, message = undefined, extra = undefined) => {
    if (verified) proceed();
    else upgrade.refuse(formatRefusal(code || 401, message, extra));
  };
  if (server.options.verifyClient.length === 2) {
    server.options.verifyClient(info, answer);
    return;
  }
  const verified = server.options.verifyClient(info);
  // ws takes a promise for a yes, so that nobody is ever refused.
  if (typeof verified?.then === 'function') decideLater(verified, answer);
  else answer(verified);
}

// The response that accepts an upgrade, with what `ws` is to know of it.
function respond(server, ws, accept, extensions, protocols, req) {
  let protocol;
  if (protocols.size > 0) {
    const { handleProtocols } = server.options;
    const [first] = protocols;
    protocol = handleProtocols ? server.options.handleProtocols(protocols, req) : first;
    if (protocol) ws._protocol = protocol;
  }
  if (extensions[EXTENSION_NAME]) ws._extensions = extensions;
  const headers = switchingProtocols(accept, protocol, formatExtensions(extensions));
  server.emit('headers', headers, req);
  return formatLines(headers);
}

// Sends the response, and gives the WebSocket its socket.
function openOn(server, ws, response, req, socket, head, cb) {
  socket.write(response);
  socket.removeListener('error', destroySocket);
  // Whoever overrides it gets what ws gives.
  const isOwn = ws.setSocket === own.setSocket;
  ws.setSocket(socket, head, isOwn ? server.options : limitsOf(server.options));
  track(server, ws);
  cb(ws, req);
}

function listenOnHttp(server) {
  const onUpgrade = (req, socket, head) => {
    if (hasOwnHandshake(server)) server[kUnseen].begin(req, socket);
    server.handleUpgrade(req, socket, head, server[kEmitConnection]);
  };
  server[kUnseen] = new UnseenSockets(server._server, onUpgrade);
  addListeners(server, { upgrade: onUpgrade });
}

// The listener of 'upgrade' is there as under ws, but called only where somebody else could tell.
function listenAtPort(server, callback) {
  const { port, host, backlog } = server.options;
  const onUpgrade = (req, socket, head) => {
    server.handleUpgrade(req, socket, head, server[kEmitConnection]);
  };
  const listener = new NativeListener(server.options, (handle, status, bytes) => {
    const isOnlyListener =
      listener.listenerCount('upgrade') === 1 &&
      listener.listenerCount('upgrade', onUpgrade) === 1 &&
      listener.emit === emit;
    onNativeUpgrade(server, listener, isOnlyListener, handle, status, bytes);
  });
  server._server = listener;
  listener.listen(port, host, backlog, callback);
  addListeners(server, { upgrade: onUpgrade });
}

function addListeners(server, handlers) {
  const emitter = server._server;
  const emitListening = server.emit.bind(server, 'listening');
  const all = {
    listening: () => {
      events.listening(emitter.address());
      emitListening();
    },
    error: server.emit.bind(server, 'error'),
    ...handlers
  };
  for (const [event, handler] of Object.entries(all)) emitter.on(event, handler);
  server._removeListeners = () => {
    for (const [event, handler] of Object.entries(all)) emitter.removeListener(event, handler);
  };
}

function isForPath(url, path) {
  if (!path) return true;
  const query = url.indexOf('?');
  return (query === -1 ? url : url.slice(0, query)) === path;
}

// Takes the extension that the server knows, if it is offered in a way that can be accepted.
function negotiate({ maxPayload, perMessageDeflate: options }, header, extensions) {
  const PerMessageDeflate = deflate();
  const perMessageDeflate = new PerMessageDeflate({ ...options, isServer: true, maxPayload });
  const offers = extension.parse(header)[EXTENSION_NAME];
  if (offers === undefined) return;
  perMessageDeflate.accept(offers);
  extensions[EXTENSION_NAME] = perMessageDeflate;
}

function track(server, ws) {
  if (!server.clients) return;
  server.clients.add(ws);
  // What stands for the server may have a `clients` of its own, or whatever else.
  ws.on('close', server === server[kSelf] ? server[kUntrack] : bindServer(server, untrack));
}

function untrack(server, ws) {
  server.clients.delete(ws);
  if (server._shouldEmitClose && server.clients.size === 0) process.nextTick(emitClose, server);
}

// A request head on the native listener. `bytes` is the head and, if it is valid, the value of
// Sec-WebSocket-Accept.
function onNativeUpgrade(server, listener, isOnlyListener, handle, status, bytes) {
  if (status !== UpgradeStatus.VALID) {
    refuseNativeStatus(server, listener, isOnlyListener, handle, status, bytes);
    return;
  }
  const headSize = bytes.length - ACCEPT_LENGTH;
  const head = bytes.latin1Slice(0, headSize);
  // (Of a server that is closing, there is no listener any more.)
  // (Its socket may be known already.)
  if (!isOnlyListener || sockets.has(handle) || server.handleUpgrade !== own.handleUpgrade) {
    emitUpgrade(listener, handle, head);
    return;
  }
  const upgrade = new UndecidedHandle(handle, head);
  const accept = bytes.latin1Slice(headSize);
  try {
    decide(server, upgrade, (extensions, protocols) =>
      completeNative(server, upgrade, accept, extensions, protocols)
    );
  } finally {
    upgrade.wait();
  }
}

// Does what completeUpgrade() does, without a socket as long as nobody has asked for it.
function completeNative(server, upgrade, accept, extensions, protocols) {
  const { req } = upgrade;
  const cb = server[kEmitConnection];
  if (upgrade.isKnown || server.completeUpgrade !== own.completeUpgrade) {
    const key = req.headers['sec-websocket-key'];
    server.completeUpgrade(extensions, key, protocols, req, upgrade.socket, EMPTY_BUFFER, cb);
    return;
  }
  if (server._state > RUNNING) {
    upgrade.refuse(formatRefusal(503));
    return;
  }
  const ws = new server.options.WebSocket(null, undefined, server.options);
  const response = respond(server, ws, accept, extensions, protocols, req);
  if (upgrade.isKnown || ws.setSocket !== own.setSocket) {
    openOn(server, ws, response, req, upgrade.socket, EMPTY_BUFFER, cb);
    return;
  }
  ws[kOpen](upgrade.accept(ws, settingsFor(server.options), response));
  track(server, ws);
  cb(ws, req);
}

// Emits 'upgrade', as a server of Node's does.
function emitUpgrade(listener, handle, head) {
  const req = new UpgradeRequest(handle, head);
  const isHandled = listener.emit('upgrade', req, req.socket, EMPTY_BUFFER);
  // Where nobody listens, an upgrade is a plain request.
  if (isHandled) return;
  // Nobody else hears of what becomes of it.
  req.socket.on('error', destroySocket);
  rejectWith(handle, UpgradeStatus.NOT_AN_UPGRADE, head);
}

// A head that is no valid upgrade. Only those that ws would see go to 'wsClientError'; the others it
// would leave to its HTTP server.
function refuseNativeStatus(server, listener, isOnlyListener, handle, status, bytes) {
  const head = bytes.latin1Slice();
  const isUpgrade = status >= UpgradeStatus.INVALID_METHOD;
  const isSeen =
    !isOnlyListener || server.listenerCount('wsClientError') > 0 || !hasOwnHandshake(server);
  if (isUpgrade && isSeen) emitUpgrade(listener, handle, head);
  else rejectWith(handle, status, head);
}

function rejectWith(handle, status, head) {
  events.refused(`upgrade status ${status}`);
  native.reject(handle, Buffer.from(formatStatus(status, head)));
}

function refuseRequest(server, upgrade, message, response) {
  if (server.listenerCount('wsClientError') > 0) {
    server.emit('wsClientError', new Error(message), upgrade.socket, upgrade.req);
  } else {
    upgrade.refuse(response);
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

// What was negotiated, for the response.
function formatExtensions(extensions) {
  const perMessageDeflate = extensions?.[EXTENSION_NAME];
  if (!perMessageDeflate) return '';
  return extension.format({ [EXTENSION_NAME]: [perMessageDeflate.params] });
}

// Awaits a promise of a decision. The decision is made outside of the promise, so that what a
// listener throws is an uncaught exception, as it is without one.
function decideLater(promise, answer) {
  promise.then(
    (verified) => process.nextTick(answer, verified),
    (error) => {
      events.verifyClientRejected(error);
      process.nextTick(answer, false);
    }
  );
}

module.exports = WebSocketServer;
