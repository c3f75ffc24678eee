'use strict';

const net = require('net');

const native = require('./binding');
const { ConnectionHandle } = require('./connection-handle');
const { NOOP } = require('./constants');

const STAGE_OVER = 0;

const kHandle = Symbol('wsuv.handle');
const kIdleTimer = Symbol('wsuv.idleTimer');
const kThen = Symbol('wsuv.then');
const kIsTapped = Symbol('wsuv.isTapped');
const { prototype } = net.Socket;
const LISTENING = ['on', 'addListener', 'prependListener'];

/** The sockets of the addon's connections, by handle; most connections have none. */
const sockets = new Map();

/**
 * The net.Socket of a connection whose descriptor the addon owns: `req.socket` and `ws._socket`. It
 * is alive: what is written, ended, destroyed, paused or asked of it happens to the connection, and
 * whoever listens for data gets all bytes that come, beside the WebSocket.
 *
 * On a server's own port it is made when somebody asks for it. Where a connection was taken over
 * from Node's HTTP, the socket that was there becomes one of these; so its state is in properties
 * that it can be given, not in private ones.
 */
class ConnectionSocket extends net.Socket {
  /**
   * The socket of a handle.
   *
   * @param {Number} handle
   * @return {ConnectionSocket} one that has ended where the connection is over
   */
  static of(handle) {
    const existing = sockets.get(handle);
    if (existing !== undefined) return existing;
    if (native.stage(handle) === STAGE_OVER) return ConnectionSocket.ended();
    return make(handle);
  }

  /**
   * The socket of a handle, if there is one already.
   *
   * @param {Number} handle
   * @return {(ConnectionSocket|undefined)}
   */
  static existing(handle) {
    return sockets.get(handle);
  }

  /**
   * The socket of a connection that is over, and that nobody has asked for before.
   *
   * @return {ConnectionSocket}
   */
  static ended() {
    const socket = make(0);
    socket.end();
    socket.closed();
    return socket;
  }

  /**
   * Makes a socket of Node's the one of a connection that has taken its descriptor over.
   *
   * @param {net.Socket} socket
   * @param {Number} handle
   */
  static adopt(socket, handle) {
    const old = socket._handle;
    const own = new ConnectionHandle(handle, old);
    // Node notes in its handles whose they are.
    for (const key of Object.getOwnPropertySymbols(old)) own[key] = old[key];
    Object.setPrototypeOf(socket, ConnectionSocket.prototype);
    // An HTTP server gives its sockets methods of its own, to notice that somebody reads.
    for (const name of LISTENING) {
      if (Object.hasOwn(socket, name)) socket[name] = ConnectionSocket.prototype[name];
    }
    socket._handle = own;
    old.onread = NOOP;
    old.close();
    attach(socket, own);
  }

  /** The addon's name for the connection; 0 when it is gone. */
  get handle() {
    return this[kHandle].id;
  }

  /** The upgrade was accepted: from here on writes are sent. */
  accepted() {
    this[kHandle].accepted();
  }

  /** The kernel has taken more of what was queued. */
  written() {
    this[kHandle].written();
  }

  /** Bytes came, which somebody wants. */
  raw(bytes) {
    prototype.push.call(this, bytes);
  }

  /** The peer sends no more. */
  peerEnded() {
    this[kHandle].peerEnded();
    prototype.push.call(this, null);
  }

  /**
   * The connection is gone.
   *
   * @param {Function} [then] called first of all listeners for 'close'
   */
  closed(then) {
    this[kThen] = then;
    sockets.delete(this.handle);
    this[kHandle].closed();
    prototype.push.call(this, null);
    this.destroy();
  }

  // What net.Socket does otherwise.

  on(event, listener) {
    if (event === 'data' || event === 'readable') tap(this);
    return super.on(event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  prependListener(event, listener) {
    if (event === 'data' || event === 'readable') tap(this);
    return super.prependListener(event, listener);
  }

  /** As if the peer had sent it. */
  push(chunk, encoding) {
    if (this.handle === 0) return super.push(chunk, encoding);
    if (chunk === null) {
      native.feedEnd(this.handle);
      return false;
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
    const wantsMore = this[kIsTapped] ? super.push(Buffer.from(bytes)) : true;
    native.feed(this.handle, bytes);
    return wantsMore;
  }

  pause() {
    native.pause(this.handle);
    return super.pause();
  }

  resume() {
    native.resume(this.handle);
    return super.resume();
  }

  setTimeout(msecs, callback) {
    super.setTimeout(msecs, callback);
    clearTimeout(this[kIdleTimer]);
    native.idleTime(this.handle);
    return this;
  }

  // Node's timer has run out, which knows nothing of what the addon reads and writes.
  _onTimeout() {
    watchIdleTime(this, false);
  }

  resetAndDestroy() {
    this.resetAndClosing = true;
    return this.destroy();
  }

  _writeGeneric(writev, data, encoding, callback) {
    const chunks = writev ? data : [{ chunk: data, encoding }];
    this[kHandle].write(
      chunks.map(({ chunk, encoding: of }) =>
        typeof chunk === 'string' ? Buffer.from(chunk, of) : chunk
      ),
      callback
    );
  }

  _destroy(error, callback) {
    clearTimeout(this[kIdleTimer]);
    super._destroy(error, callback);
  }
}

function make(handle) {
  const own = new ConnectionHandle(handle);
  const socket = new ConnectionSocket({ handle: own, manualStart: true, allowHalfOpen: true });
  socket.timeout = 0;
  attach(socket, own);
  return socket;
}

function attach(socket, own) {
  socket[kHandle] = own;
  if (own.id !== 0) sockets.set(own.id, socket);
  // Under ws somebody always reads, and listens for errors.
  socket.on('error', destroyIt);
  socket.on('end', endIt);
  socket.on('close', tellOwner);
  prototype.resume.call(socket);
}

function destroyIt() {
  this.destroy();
}

function endIt() {
  this.end();
}

function tellOwner() {
  this[kThen]?.();
}

function tap(socket) {
  if (socket[kIsTapped]) return;
  socket[kIsTapped] = true;
  native.tap(socket.handle, true);
}

// Emits 'timeout' once the connection has been idle for so long, and again if that happens again.
function watchIdleTime(socket, wasEmitted) {
  const { timeout } = socket;
  if (socket.destroyed || !timeout) return;
  const idle = native.idleTime(socket.handle);
  const isIdle = idle >= timeout;
  socket[kIdleTimer] = setTimeout(
    watchIdleTime,
    isIdle ? timeout : timeout - idle,
    socket,
    isIdle
  ).unref();
  if (isIdle && !wasEmitted) socket.emit('timeout');
}

module.exports = { ConnectionSocket };
