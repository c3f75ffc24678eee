'use strict';

const { Duplex } = require('stream');

const native = require('./binding');

// What native.stage() answers.
const STAGE_OVER = 0;
const STAGE_UNDECIDED = 1;

/** The sockets that somebody has asked for, by handle. */
const sockets = new Map();

/**
 * The socket of a connection whose descriptor the addon owns, for those who want to know its
 * addresses or to act on it: `req.socket` and `ws._socket`. It is made when it is first asked for.
 *
 * While the upgrade is undecided, what is written and ended here is the (error) response. Afterwards
 * it goes out between the frames. Incoming bytes are the WebSocket's, not this stream's.
 */
class NativeSocket extends Duplex {
  #handle;
  #isDecided;
  #response = [];
  #unwritten = null;
  #local;
  #remote;

  /**
   * The socket of a handle.
   *
   * @param {Number} handle
   * @return {NativeSocket} one that has ended where the connection is over
   */
  static of(handle) {
    let socket = sockets.get(handle);
    if (socket !== undefined) return socket;
    const stage = native.stage(handle);
    if (stage === STAGE_OVER) return NativeSocket.ended();
    socket = new NativeSocket(handle, stage !== STAGE_UNDECIDED);
    sockets.set(handle, socket);
    return socket;
  }

  /**
   * The socket of a handle, if there is one already.
   *
   * @param {Number} handle
   * @return {(NativeSocket|undefined)}
   */
  static existing(handle) {
    return sockets.get(handle);
  }

  /**
   * The socket of a connection that is over, and that nobody has asked for before.
   *
   * @return {NativeSocket}
   */
  static ended() {
    const socket = new NativeSocket(0, true);
    socket.push(null);
    socket.end(() => socket.destroy());
    return socket;
  }

  constructor(handle, isDecided) {
    super({ allowHalfOpen: true });
    this.#handle = handle;
    this.#isDecided = isDecided;
  }

  /** The addon's name for the connection; 0 when it is gone. */
  get handle() {
    return this.#handle;
  }

  get connecting() {
    return false;
  }

  get pending() {
    return false;
  }

  get encrypted() {
    return undefined;
  }

  get readyState() {
    if (this.#handle === 0) return 'closed';
    return this.writable ? 'open' : 'readOnly';
  }

  get remoteAddress() {
    return this.#remoteEnd().address;
  }

  get remoteFamily() {
    return this.#remoteEnd().family;
  }

  get remotePort() {
    return this.#remoteEnd().port;
  }

  get localAddress() {
    return this.#localEnd().address;
  }

  get localFamily() {
    return this.#localEnd().family;
  }

  get localPort() {
    return this.#localEnd().port;
  }

  get bytesWritten() {
    return this.#handle === 0 ? 0 : native.enqueued(this.#handle);
  }

  #remoteEnd() {
    if (this.#handle !== 0) this.#remote ??= native.address(this.#handle, true);
    return this.#remote ?? {};
  }

  #localEnd() {
    if (this.#handle !== 0) this.#local ??= native.address(this.#handle, false);
    return this.#local ?? {};
  }

  /** @return {{address: String, family: String, port: Number}} of the local end */
  address() {
    return { ...this.#localEnd() };
  }

  setNoDelay(on = true) {
    if (this.#handle !== 0) native.setNoDelay(this.#handle, Boolean(on));
    return this;
  }

  setKeepAlive(on = false, initialDelay = 0) {
    const seconds = Math.max(Math.trunc(initialDelay / 1000), 1);
    if (this.#handle !== 0) native.setKeepAlive(this.#handle, Boolean(on), seconds);
    return this;
  }

  ref() {
    if (this.#handle !== 0) native.setRef(this.#handle, true);
    return this;
  }

  unref() {
    if (this.#handle !== 0) native.setRef(this.#handle, false);
    return this;
  }

  pause() {
    if (this.#handle !== 0) native.pause(this.#handle);
    return super.pause();
  }

  resume() {
    if (this.#handle !== 0) native.resume(this.#handle);
    return super.resume();
  }

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /** The upgrade was accepted: from here on writes are sent. */
  accepted() {
    this.#isDecided = true;
    this.#response = [];
  }

  /** The kernel has taken more of what was queued. */
  written() {
    const done = this.#unwritten;
    this.#unwritten = null;
    if (done !== null) this.#afterWrite(done);
  }

  /** The connection is gone. */
  closed() {
    sockets.delete(this.#handle);
    this.#remoteEnd();
    this.#handle = 0;
    if (this.#unwritten !== null) this.written();
    this.push(null);
    this.destroy();
  }

  _read() {}

  _write(chunk, encoding, callback) {
    if (!this.#isDecided) {
      this.#response.push(chunk);
      callback();
      return;
    }
    if (this.#handle !== 0) native.sendRaw(this.#handle, chunk);
    this.#afterWrite(callback);
  }

  #afterWrite(callback) {
    if (this.#handle === 0 || native.flush(this.#handle) === native.enqueued(this.#handle)) {
      callback();
    } else {
      this.#unwritten = callback;
      native.flush(this.#handle, true);
    }
  }

  _final(callback) {
    if (this.#handle !== 0) {
      if (this.#isDecided) native.endTransport(this.#handle);
      else native.reject(this.#handle, Buffer.concat(this.#response));
    }
    callback();
  }

  _destroy(error, callback) {
    // A response that was ended is still on its way; the addon closes behind it.
    const isAnswered = !this.#isDecided && this.writableEnded;
    if (this.#handle !== 0 && !isAnswered) native.terminate(this.#handle);
    callback(error);
  }
}

module.exports = { NativeSocket };
