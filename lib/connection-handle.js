'use strict';

const native = require('./binding');

// What native.stage() answers.
const STAGE_UNDECIDED = 1;

/**
 * Stands where a net.Socket expects the handle of a socket of Node's, for a connection whose
 * descriptor the addon owns. What net.Socket asks of a handle is asked of the connection.
 *
 * While an upgrade is undecided, what is written and ended is the (error) response. Afterwards it
 * goes out between the frames.
 */
class ConnectionHandle {
  #handle;
  #isDecided;
  #response = [];
  #unwritten = null;
  #onClosed = null;
  #hasShutdown = false;
  #hasPeerEnded = false;
  // What was read and written by another handle before, or, when the connection is gone, ever.
  #received;
  #sent;

  // What net.Socket sets on a handle.
  reading = false;
  onread = null;
  fd = -1;

  /**
   * @param {Number} handle the addon's name for the connection; 0 for one that is over
   * @param {{bytesRead: Number, bytesWritten: Number}} [before] the handle before this one
   */
  constructor(handle, { bytesRead, bytesWritten } = { bytesRead: 0, bytesWritten: 0 }) {
    this.#handle = handle;
    this.#received = bytesRead;
    this.#sent = bytesWritten;
    this.#isDecided = handle === 0 || native.stage(handle) !== STAGE_UNDECIDED;
  }

  /** The addon's name for the connection; 0 when it is gone. */
  get id() {
    return this.#handle;
  }

  get bytesRead() {
    return this.#received + native.received(this.#handle);
  }

  get bytesWritten() {
    return this.#sent + native.enqueued(this.#handle);
  }

  get writeQueueSize() {
    return this.#handle === 0 ? 0 : native.enqueued(this.#handle) - native.flush(this.#handle);
  }

  /** The upgrade was accepted: from here on writes are sent. */
  accepted() {
    this.#isDecided = true;
    this.#response = [];
  }

  /** The peer sends no more. */
  peerEnded() {
    this.#hasPeerEnded = true;
  }

  /** The kernel has taken more of what was queued. */
  written() {
    const done = this.#unwritten;
    this.#unwritten = null;
    if (done !== null) this.#afterWrite(done);
  }

  /** The connection is gone. */
  closed() {
    this.#received = this.bytesRead;
    this.#sent = this.bytesWritten;
    this.#handle = 0;
    this.written();
    this.#finishClose();
  }

  /**
   * Sends bytes as they are.
   *
   * @param {Uint8Array[]} chunks
   * @param {Function} callback called when the kernel has taken them
   */
  write(chunks, callback) {
    if (!this.#isDecided) {
      this.#response.push(...chunks);
      callback();
      return;
    }
    for (const chunk of chunks) native.sendRaw(this.#handle, chunk);
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

  // What net.Socket calls.

  shutdown() {
    this.#hasShutdown = true;
    if (this.#isDecided) native.endTransport(this.#handle);
    else native.reject(this.#handle, Buffer.concat(this.#response));
    return 1; // Done.
  }

  close(callback) {
    this.#onClosed = callback;
    // What was ended in both directions, or refused, closes behind what is still to be written.
    const closesItself = this.#hasShutdown && (this.#hasPeerEnded || !this.#isDecided);
    if (!closesItself) native.terminate(this.#handle);
    if (this.#handle === 0) this.#finishClose();
  }

  #finishClose() {
    const callback = this.#onClosed;
    this.#onClosed = null;
    if (callback) setImmediate(callback);
  }

  reset(callback) {
    this.#onClosed = callback;
    native.reset(this.#handle);
    return 0;
  }

  // The bytes are the WebSocket's; see ConnectionSocket for those who want them too.
  readStart() {
    return 0;
  }

  readStop() {
    return 0;
  }

  ref() {
    native.setRef(this.#handle, true);
  }

  unref() {
    native.setRef(this.#handle, false);
  }

  setNoDelay(on) {
    native.setNoDelay(this.#handle, on);
    return 0;
  }

  setKeepAlive(on, seconds) {
    native.setKeepAlive(this.#handle, on, Math.max(seconds, 1));
    return 0;
  }

  getpeername(out) {
    return this.#name(out, true);
  }

  getsockname(out) {
    return this.#name(out, false);
  }

  #name(out, ofPeer) {
    const address = native.address(this.#handle, ofPeer);
    if (address === undefined) return -1;
    Object.assign(out, address);
    return 0;
  }
}

module.exports = { ConnectionHandle };
