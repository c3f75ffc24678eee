'use strict';

// The net.Socket of a connection whose descriptor the addon owns: `req.socket` and `ws._socket`. It
// is alive: what is written, ended, destroyed, paused or asked of it happens to the connection, and
// whoever listens for data gets all bytes that come, beside the WebSocket.
//
// On a server's own port it is made when somebody asks for it. Where a connection was taken over
// from Node's HTTP, the socket that was there becomes one of these. So it is no class of its own:
// changing an object's prototype gives each of them a hidden class (1.1 KB) of its own.

const net = require('net');

const native = require('../native/addon');
const { stage } = require('../native/seam');
const { listeners } = require('../native/dispatch');
const { clearTimeout, nextTick, setTimeout } = require('../native/realm');
const { ConnectionHandle } = require('./connection-handle');
const { refusingSetEncoding, takeHandle } = require('./node-internals');
const { setSilent } = require('./silent-endpoint');
const { kBeginEnd, kStreamEnded } = require('../symbols');

const kSocketHandle = Symbol('wsuv.socketHandle');
const { prototype } = net.Socket;

/**
 * The socket of a connection.
 *
 * @param {Number} id the addon's name for the connection
 * @param {(http.Server|null)} [server] the one that counts the connection among its own
 * @param {WebSocket} [ws] which has the connection, where one has
 * @return {net.Socket} one that has ended where the connection is over
 */
function socketOf(id, server = null, ws = null) {
  const existing = ConnectionHandle.existing(id);
  if (existing !== undefined) return existing.socket;
  // Of a write that has just failed, it is still to tell.
  if (native.stage(id) === stage.OVER && native.writeFailure(id) === 0) return endedSocket();
  const socket = makeSocket(id, server);
  // Not that somebody who looks at it lets it go on.
  if (native.isPaused(id)) prototype.pause.call(socket);
  if (socket[kSocketHandle].isDecided) behaveAsAttached(socket, ws);
  return socket;
}

/**
 * The socket of a connection that is over, and that nobody has asked for before.
 *
 * @return {net.Socket}
 */
function endedSocket() {
  const socket = makeSocket(0, null);
  prototype.push.call(socket, null);
  prototype.resume.call(socket);
  socket.end();
  socket[kSocketHandle].closed();
  return socket;
}

/**
 * The same of one that was broken: its events would have come before.
 *
 * @param {Error} error what was wrong with the transport
 * @return {net.Socket}
 */
function brokenSocket(error) {
  const socket = makeSocket(0, null);
  socket[kSocketHandle].isSilent = true;
  socket.destroy();
  socket._readableState.errored = socket._writableState.errored = error;
  return socket;
}

/**
 * The handle of a socket that one of these functions has made or changed.
 *
 * @param {Duplex} socket
 * @return {(ConnectionHandle|undefined)} nothing for any other stream
 */
function handleOf(socket) {
  return socket[kSocketHandle];
}

function makeSocket(id, server) {
  const socketHandle = new ConnectionHandle(id);
  const highWaterMark = server?.highWaterMark;
  const socket = new net.Socket({
    allowHalfOpen: true,
    handle: socketHandle,
    manualStart: true,
    // As the addon sets it for what it accepts.
    noDelay: true,
    readableHighWaterMark: highWaterMark,
    writableHighWaterMark: highWaterMark
  });
  // As Node does. The server that counts it hears from the socket itself when it does not any more.
  socket._server = server;
  socket.server = server ?? listeners.get(native.listenerOf(id)) ?? null;
  socket.parser = null;
  socket._paused = false;
  socket.setEncoding = refusingSetEncoding();
  equip(socket, socketHandle);
  return socket;
}

/**
 * Makes a socket of Node's the one of a connection that has taken its descriptor over.
 *
 * @param {net.Socket} socket
 * @param {Number} id
 * @param {WebSocket} ws
 */
function adoptSocketOf(socket, id, ws) {
  const old = socket._handle;
  const socketHandle = new ConnectionHandle(id, old.bytesWritten, old.hasRef());
  // Node notes in its handles whose they are.
  for (const key of Object.getOwnPropertySymbols(old)) socketHandle[key] = old[key];
  takeHandle(socket);
  socket._handle = socketHandle;
  equip(socket, socketHandle);
  behaveAsAttached(socket, ws);
}

/**
 * The upgrade of a connection whose socket somebody has was accepted.
 *
 * @param {net.Socket} socket
 * @param {WebSocket} ws
 */
function acceptSocketOf(socket, ws) {
  socket[kSocketHandle].accepted();
  behaveAsAttached(socket, ws);
}

function equip(socket, socketHandle) {
  socketHandle.socket = socket;
  Object.defineProperty(socket, kSocketHandle, { value: socketHandle });
  Object.defineProperties(socket, METHODS);
  if (Object.hasOwn(socket, 'setEncoding')) Object.defineProperties(socket, SHOWN);
  countWaiting(socket._writableState, socketHandle);
}

// Under ws somebody always reads, and listens for errors.
function behaveAsAttached(socket, ws) {
  socket[kSocketHandle].owner = ws;
  socket.setTimeout(0);
  socket.setNoDelay();
  prototype.on.call(socket, 'close', tellHandle);
  prototype.on.call(socket, 'data', leaveToWebSocket);
  prototype.on.call(socket, 'end', endIt);
  prototype.on.call(socket, 'error', destroyIt);
}

// The bytes go to the WebSocket through the addon. This listener is there since under ws there is one:
// because of it the socket flows, unless it was paused. Who takes it off silences the WebSocket, and who
// emits 'data' himself gives it something to read.
function leaveToWebSocket(chunk) {
  const socketHandle = this[kSocketHandle];
  if (!socketHandle.hasShown(chunk.length)) native.feed(socketHandle.id, Buffer.from(chunk));
}

function destroyIt() {
  this[kSocketHandle].owner?.[kBeginEnd]();
  this.destroy();
}

function endIt() {
  this[kSocketHandle].owner?.[kBeginEnd]();
  // Whoever calls end() twice is made an error for, with its stack.
  if (!this.writableEnded) this.end();
}

function tellHandle() {
  const socketHandle = this[kSocketHandle];
  // Somebody else has emitted it: it is as true as it can be made.
  if (socketHandle.id !== 0) {
    socketHandle.owner?.[kBeginEnd]();
    native.terminate(socketHandle.id);
  }
  prototype.removeListener.call(this, 'close', tellHandle);
  prototype.removeListener.call(this, 'data', leaveToWebSocket);
  prototype.removeListener.call(this, 'end', endIt);
  socketHandle.owner = null;
  socketHandle.onSocketClosed();
}

// Whether anybody but the WebSocket wants the bytes.
function hasReaders(socket) {
  const ours = socket.listeners('data').includes(leaveToWebSocket) ? 1 : 0;
  return socket.listenerCount('data') > ours || socket.listenerCount('readable') > 0;
}

// With what has been read by now, the WebSocket goes on.
function noteOwnListener(socket) {
  if (socket[kSocketHandle].owner === null) return;
  nextTick(() => {
    const { id, owner } = socket[kSocketHandle];
    if (owner !== null) setSilent(id, !socket.listeners('data').includes(leaveToWebSocket));
  });
}

// What such a socket does otherwise than net.Socket.

function on(event, listener) {
  noteListener(this[kSocketHandle], event, listener);
  return prototype.on.call(this, event, listener);
}

function prependListener(event, listener) {
  noteListener(this[kSocketHandle], event, listener, true);
  return prototype.prependListener.call(this, event, listener);
}

function noteListener(socketHandle, event, listener, isFirst = false) {
  if (listener === leaveToWebSocket) noteOwnListener(socketHandle.socket);
  else if (event === 'data' || event === 'readable') socketHandle.tap(true, isFirst);
  else if (event === 'drain') socketHandle.watchDrain();
}

function removeListener(event, listener) {
  prototype.removeListener.call(this, event, listener);
  if (event === 'data' || event === 'readable') this[kSocketHandle].tap(hasReaders(this));
  if (listener === leaveToWebSocket) noteOwnListener(this);
  return this;
}

function removeAllListeners(...events) {
  prototype.removeAllListeners.apply(this, events);
  this[kSocketHandle].tap(hasReaders(this));
  noteOwnListener(this);
  return this;
}

// As if the peer had sent it.
function push(chunk, encoding) {
  const socketHandle = this[kSocketHandle];
  if (socketHandle.id === 0) return prototype.push.call(this, chunk, encoding);
  if (chunk === null) {
    nextTick(() => native.feedEnd(socketHandle.id));
    return false;
  }
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
  const raw = socketHandle.isTapped ? Buffer.from(bytes) : null;
  if (socketHandle.tapsBehind) native.feed(socketHandle.id, bytes);
  const wantsMore = raw === null ? true : socketHandle.raw(raw);
  if (!socketHandle.tapsBehind) native.feed(socketHandle.id, bytes);
  return wantsMore;
}

function unshift(chunk, encoding) {
  return this.readableEnded
    ? prototype.unshift.call(this, chunk, encoding)
    : push.call(this, chunk, encoding);
}

// Our side ends behind what was sent. As under ws, what is sent afterwards is an error.
function end(...args) {
  const { [kSocketHandle]: socketHandle } = this;
  const [chunk, encoding] = args;
  if (chunk != null && typeof chunk !== 'function' && this.writable) {
    // The stream may keep it back, and the end must not overtake it.
    this.write(chunk, typeof encoding === 'string' ? encoding : undefined);
    args[0] = undefined;
  }
  prototype.end.apply(this, args);
  if (socketHandle.id !== 0 && socketHandle.isDecided) {
    native.endTransport(socketHandle.id);
    socketHandle.owner?.[kStreamEnded]();
  }
  return this;
}

function pause() {
  native.pause(this[kSocketHandle].id);
  return prototype.pause.call(this);
}

function resume() {
  native.resume(this[kSocketHandle].id);
  return prototype.resume.call(this);
}

function cork() {
  native.cork(this[kSocketHandle].id, true);
  prototype.cork.call(this);
}

function uncork() {
  if (this.writableCorked === 1) native.cork(this[kSocketHandle].id, false);
  prototype.uncork.call(this);
}

function write(chunk, encoding, callback) {
  const { [kSocketHandle]: socketHandle, _writableState: state } = this;
  const { pendingcb } = state;
  const { passed } = socketHandle;
  const wantsMore = prototype.write.call(this, chunk, encoding, callback);
  if (socketHandle.id !== 0 && state.pendingcb > pendingcb && socketHandle.passed === passed) {
    const of = typeof encoding === 'string' ? encoding : state.defaultEncoding;
    socketHandle.sendAhead(
      typeof chunk === 'string'
        ? Buffer.from(chunk, of)
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    );
  }
  return wantsMore;
}

function writableNeedDrain() {
  return !this.destroyed && !this.writableEnded && this._writableState.needDrain;
}

// Under ws all that is sent waits in the socket's own stream. Here it counts what waits elsewhere, too:
// for write(), writableLength, writableNeedDrain and bufferSize, and whoever looks at the state itself.
function countWaiting(state, socketHandle) {
  let { length } = state;
  const given = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(state), 'needDrain');
  let { needDrain } = state;
  Object.defineProperty(state, 'needDrain', {
    configurable: true,
    enumerable: given === undefined,
    get: () => (given === undefined ? needDrain : given.get.call(state)) || socketHandle.needsDrain,
    set(value) {
      if (given === undefined) needDrain = value;
      else given.set.call(state, value);
    }
  });
  Object.defineProperty(state, 'length', {
    configurable: true,
    enumerable: true,
    get: () => length + socketHandle.waiting,
    set(value) {
      length = Math.max(value - socketHandle.waiting, 0);
    }
  });
}

function resetAndDestroy() {
  // Of a Unix socket, and of one that is closed, Node has an error.
  if (this._handle === null || !this._handle.isTcp) return prototype.resetAndDestroy.call(this);
  this.resetAndClosing = true;
  return this.destroy();
}

function writeGeneric(writev, data, encoding, callback) {
  const chunks = writev ? data : [{ chunk: data, encoding }];
  this[kSocketHandle].write(
    chunks.map(({ chunk, encoding: of }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, of) : chunk
    ),
    callback
  );
}

// Node's timer knows nothing of what the addon reads and writes: when it runs out, the connection is
// asked how long it has been idle.
function setIdleTimeout(msecs, callback) {
  const socketHandle = this[kSocketHandle];
  prototype.setTimeout.call(this, msecs, callback);
  clearTimeout(socketHandle.idleTimer);
  // The addon counts from the first call on.
  if (this.timeout > 0) native.idleTime(socketHandle.id);
  return this;
}

function onTimeout() {
  watchIdleTime(this, undefined);
}

// Emits 'timeout' once the connection has been idle for so long, and again if that happens again.
// `told` is the number of bytes that it had moved when that was told.
function watchIdleTime(socket, told) {
  const socketHandle = socket[kSocketHandle];
  const { timeout } = socket;
  if (socket.destroyed || !timeout) return;
  const idle = native.idleTime(socketHandle.id);
  const isIdle = idle >= timeout;
  const moved = socketHandle.bytesRead + socketHandle.bytesWritten;
  socketHandle.idleTimer = setTimeout(
    watchIdleTime,
    isIdle ? timeout : timeout - idle,
    socket,
    isIdle ? moved : undefined
  ).unref();
  if (isIdle && moved !== told) socket.emit('timeout');
}

function method(value) {
  return { configurable: true, enumerable: false, value, writable: true };
}

function getter(get) {
  return { configurable: true, enumerable: false, get };
}

const METHODS = {
  _onTimeout: method(onTimeout),
  _writeGeneric: method(writeGeneric),
  addListener: method(on),
  cork: method(cork),
  end: method(end),
  off: method(removeListener),
  on: method(on),
  pause: method(pause),
  prependListener: method(prependListener),
  push: method(push),
  removeAllListeners: method(removeAllListeners),
  removeListener: method(removeListener),
  resetAndDestroy: method(resetAndDestroy),
  resume: method(resume),
  setTimeout: method(setIdleTimeout),
  uncork: method(uncork),
  unshift: method(unshift),
  writableNeedDrain: getter(writableNeedDrain),
  write: method(write)
};

// The methods in whose place http.Server puts its own, which everybody sees among a socket's keys.
const SHOWN = Object.fromEntries(
  ['addListener', 'on', 'prependListener'].map((name) => [name, { enumerable: true }])
);

module.exports = { acceptSocketOf, adoptSocketOf, brokenSocket, endedSocket, handleOf, socketOf };
