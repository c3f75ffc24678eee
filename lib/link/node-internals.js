'use strict';

// All that this package relies on of Node's own sockets and servers, beyond what Node documents:
//
// | what                                                                | where                    |
// | ------------------------------------------------------------------- | ------------------------ |
// | `socket._handle` is a TCP or a Pipe with `fd`, `readStop()`,        | takeHandle(), isPlain()  |
// |   `hasRef()`, `close()`, `onread` and the bytes that it has written |                          |
// | `new net.Socket({ handle })` takes any handle, and asks it to       | ConnectionHandle         |
// |   `shutdown()`, `close()`, `reset()` and so on                      |                          |
// | `_writeGeneric()` is what a socket writes with                      | node-socket.js           |
// | `_onTimeout()` is what its timer calls                              | node-socket.js           |
// | `_server` and `server` refer to the server that counts the socket   | unseen-sockets.js        |
// | `server._connections` is that count, and `_emitCloseIfDrained()`    | leaveServer()            |
// |   emits 'close' when it is down to 0                                |                          |
// | http.Server has one listener for 'connection', the same for all     | connectionListener()     |
// | the properties of a socket when http.Server has parsed a request,   | isAsNodeLeftIt()         |
// |   and `_eventsCount`                                                |                          |
//
// What is missing is found when the package is loaded; then no socket is taken over (see
// transport.js). test/node-internals.test.js tries each line.

const EventEmitter = require('events');
const http = require('http');
const net = require('net');

const { NOOP } = require('../constants');

// The methods through which the bytes of a socket pass. Whoever has put something in the place of one
// wants to see the bytes.
const METHODS = [
  '_destroy',
  '_final',
  '_read',
  '_write',
  '_writeGeneric',
  '_writev',
  'destroy',
  'destroySoon',
  'emit',
  'end',
  'pause',
  'push',
  'read',
  'removeListener',
  'resume',
  'unshift',
  'write'
];
// Those in whose place http.Server puts something of its own.
const WRAPPED = ['addListener', 'on', 'prependListener'];
const known = new Map([...METHODS, ...WRAPPED].map((name) => [name, net.Socket.prototype[name]]));
const { emit } = EventEmitter.prototype;

/**
 * Whether a stream is nothing but a socket of Node's, with nothing on its way and nobody else who
 * reads from it.
 *
 * @param {Duplex} socket
 * @return {Boolean}
 */
function isPlain(socket) {
  if (Object.getPrototypeOf(socket) !== net.Socket.prototype) return false;
  const name = socket._handle?.constructor?.name;
  return (
    (name === 'TCP' || name === 'Pipe') &&
    socket._handle.fd >= 0 &&
    !socket.connecting &&
    !socket.destroyed &&
    socket.readable &&
    socket.writable &&
    socket.readableEncoding === null &&
    socket.writableLength === 0 &&
    socket.writableCorked === 0 &&
    socket.listenerCount('data') === 0 &&
    socket.listenerCount('readable') === 0 &&
    METHODS.every((method) => socket[method] === known.get(method)) &&
    WRAPPED.every((method) => socket[method] === known.get(method))
  );
}

/**
 * Takes Node's handle off a socket and closes it, and nothing else of the socket.
 *
 * @param {net.Socket} socket
 * @return {Object} the handle
 */
function takeHandle(socket) {
  const handle = socket._handle;
  socket._handle = null;
  handle.onread = NOOP;
  handle.close();
  return handle;
}

/**
 * Does what a socket of a server does to it when it is destroyed.
 *
 * @param {http.Server} server
 */
function leaveServer(server) {
  server._connections--;
  server._emitCloseIfDrained();
}

// What http.Server makes of a socket, by which one is known that nobody else has touched.
let pristine;

function learn() {
  const server = new http.Server();
  const socket = new net.Socket();
  server.emit('connection', socket);
  const [connectionListener] = server.rawListeners('connection');
  pristine = {
    connectionListener,
    keys: Reflect.ownKeys(socket),
    setEncoding: socket.setEncoding,
    upgradeCallback: String(server.shouldUpgradeCallback)
  };
  socket.destroy();
  return pristine;
}

/**
 * The listener for 'connection' that each http.Server has from its constructor.
 *
 * @return {Function}
 */
function connectionListener() {
  return (pristine ?? learn()).connectionListener;
}

/**
 * The setEncoding() that http.Server gives its sockets, which always throws.
 *
 * @return {Function}
 */
function refusingSetEncoding() {
  return (pristine ?? learn()).setEncoding;
}

/**
 * Whether an http.Server does with its connections what Node has it do, and shows them to nobody.
 * That some class inherits from it is enough for a no.
 *
 * @param {EventEmitter} server
 * @return {Boolean}
 */
function isOrdinaryServer(server) {
  if (Object.getPrototypeOf(server) !== http.Server.prototype || !emitsAsNode(server)) return false;
  const [first, ...others] = server.rawListeners('connection');
  return (
    first === connectionListener() && others.length === 0 && server.listenerCount('timeout') === 0
  );
}

// Tracers patch the prototypes, to see each request. They mostly did so before this file was loaded.
function emitsAsNode(server) {
  return server.emit === emit && emit === EventEmitter.prototype.emit;
}

/**
 * Whether nobody wants to see what http.Server emits, on whatever server.
 *
 * @return {Boolean}
 */
function isHttpAsNodeLeftIt() {
  return (
    emitsAsNode(http.Server.prototype) &&
    [...known].every(([name, method]) => net.Socket.prototype[name] === method)
  );
}

/**
 * Whether an http.Server tells by itself which requests are for an upgrade, as it does where no
 * function was given that gets to see them.
 *
 * @param {http.Server} server
 * @return {Boolean}
 */
function hasOwnUpgradeCallback(server) {
  return String(server.shouldUpgradeCallback) === (pristine ?? learn()).upgradeCallback;
}

/**
 * Whether a socket is as http.Server leaves it behind the request for an upgrade: nothing was added
 * to it, nobody listens, no request came before.
 *
 * @param {net.Socket} socket
 * @param {http.Server} server
 * @return {Boolean}
 */
function isAsNodeLeftIt(socket, server) {
  const { keys } = pristine ?? learn();
  return (
    Object.getPrototypeOf(socket) === net.Socket.prototype &&
    socket._server === server &&
    socket.server === server &&
    // Of a request that came before, whoever has handled it knows the socket; if it has no answer
    // yet, the response listens for 'close'.
    socket.bytesWritten === 0 &&
    // That is as good as comparing them, and takes a tenth of the time.
    Reflect.ownKeys(socket).length === keys.length &&
    // 'end' is net.Socket's own, and whoever handles the upgrade listens for 'error'.
    socket.listenerCount('end') === 1 &&
    socket._eventsCount === (socket.listenerCount('error') > 0 ? 2 : 1)
  );
}

/**
 * Looks for what the table at the top names.
 *
 * @return {String[]} what is missing; nothing on the versions of Node that this was written for
 */
function missingInternals() {
  const missing = [];
  const need = (name, isThere) => {
    if (!isThere) missing.push(name);
  };
  for (const name of ['_onTimeout', '_writeGeneric', '_final', '_destroy']) {
    need(`net.Socket.prototype.${name}`, typeof net.Socket.prototype[name] === 'function');
  }
  need(
    'net.Server.prototype._emitCloseIfDrained',
    typeof net.Server.prototype._emitCloseIfDrained === 'function'
  );
  if (missing.length === 0) missing.push(...tryHandle());
  return missing;
}

// What of a socket's inside is called, or is not, where it has a handle of ours.
function tryHandle() {
  const called = new Set();
  const note = (name, result) => () => {
    called.add(name);
    return result;
  };
  const handle = {
    bytesRead: 0,
    bytesWritten: 0,
    close: note('_handle.close()'),
    getpeername: note('_handle.getpeername()', -1),
    readStart: note('_handle.readStart()', 0),
    readStop: NOOP,
    ref: note('_handle.ref()'),
    setNoDelay: note('_handle.setNoDelay()', 0),
    unref: NOOP
  };
  try {
    const socket = new net.Socket({ handle, manualStart: true, allowHalfOpen: true });
    socket._writeGeneric = note('_writeGeneric()');
    socket.write('x');
    socket.setNoDelay(true);
    socket.ref();
    void socket.remoteAddress;
    const counts = { _connections: 1, _emitCloseIfDrained: note('_emitCloseIfDrained()') };
    socket._server = counts;
    const isOurs = socket._handle === handle;
    socket.on('error', NOOP);
    socket.destroy();
    if (!isOurs) return ['net.Socket({ handle })'];
    if (counts._connections !== 0) return ['server._connections'];
  } catch (error) {
    return [`net.Socket({ handle }): ${error.message}`];
  }
  return [
    '_writeGeneric()',
    '_handle.setNoDelay()',
    '_handle.ref()',
    '_handle.getpeername()',
    '_handle.close()',
    '_emitCloseIfDrained()'
  ].filter((name) => !called.has(name));
}

module.exports = {
  hasOwnUpgradeCallback,
  isAsNodeLeftIt,
  isHttpAsNodeLeftIt,
  isOrdinaryServer,
  isPlain,
  leaveServer,
  missingInternals,
  refusingSetEncoding,
  takeHandle
};
