'use strict';

const net = require('net');

const native = require('../native/addon');
const { EMPTY_BUFFER } = require('../constants');
const { sockets } = require('../native/dispatch');
const { nextTick, setImmediate } = require('../native/realm');
const { stage } = require('../native/seam');
const { createTransportError } = require('../native/transport-errors');

const { prototype } = net.Socket;

/**
 * Stands where a net.Socket expects the handle of a socket of Node's, for a connection whose
 * descriptor the addon owns. What net.Socket asks of a handle is asked of the connection.
 *
 * While an upgrade is undecided, what is written is a response. Afterwards it goes out between the
 * frames.
 */
class ConnectionHandle {
  #isDecided;
  #isReferenced;
  #unwritten = null;
  #onClosed = null;
  #then = null;
  #isSocketClosed = false;
  #hasShutdown = false;
  #hasPeerEnded = false;
  #hasFailed = false;
  #isTapped = false;
  #tapsBehind = true;
  #isDrainWatched = false;
  #needsDrain = false;
  // Bytes that had been sent when 'drain' came last.
  #drained;
  // Bytes of the write to the socket that is under way.
  #writing = 0;
  // Bytes that were read, given to the socket's stream for its readers, and not emitted yet.
  #shown = 0;
  // Chunks that the stream has passed on, and those that were sent before it did.
  #passed = 0;
  #ahead = 0;
  #aheadBytes = 0;
  // What was read and written when the addon does not know it: before, or ever.
  #received = 0;
  #sent;

  /** The addon's name for the connection; 0 when it is gone. */
  id;

  /** @type {net.Socket} the socket that this is the handle of */
  socket = null;

  /** @type {(WebSocket|null)} the one whose connection it is */
  owner = null;

  /** Whether the socket has no 'close' to emit any more: it is made when the connection is long over. */
  isSilent = false;

  /** What sees to the socket's time-out. */
  idleTimer = null;

  // What net.Socket sets on a handle.
  reading = false;
  onread = null;

  /**
   * The handle of a connection's socket, if there is one.
   *
   * @param {Number} id
   * @return {(ConnectionHandle|undefined)}
   */
  static existing(id) {
    return sockets.get(id);
  }

  /**
   * @param {Number} id the addon's name for the connection; 0 for one that is over
   * @param {Number} [sent] bytes that were sent before the addon had the connection
   * @param {Boolean} [isReferenced] whether the connection keeps the event loop alive
   */
  constructor(id, sent = 0, isReferenced = true) {
    this.id = id;
    this.#isReferenced = isReferenced;
    this.#isDecided = id === 0 || native.stage(id) !== stage.UNDECIDED;
    this.#sent = sent;
    this.#drained = native.enqueued(id);
    if (id !== 0) sockets.set(id, this);
  }

  get fd() {
    return native.fd(this.id);
  }

  get isTcp() {
    // Of one that is gone already, nobody knows any more what it was.
    return native.fd(this.id) < 0 || native.address(this.id, false) !== undefined;
  }

  get bytesRead() {
    return this.#received + native.received(this.id);
  }

  get bytesWritten() {
    return this.#sent + native.enqueued(this.id);
  }

  get writeQueueSize() {
    return native.enqueued(this.id) - native.flush(this.id);
  }

  /** Whether the upgrade was accepted, or is over. */
  get isDecided() {
    return this.#isDecided;
  }

  /** Whether somebody reads from the socket. */
  get isTapped() {
    return this.#isTapped;
  }

  /** Whether the bytes come behind the events that they make; otherwise they come in front of them. */
  get tapsBehind() {
    return this.#tapsBehind;
  }

  /**
   * Whether somebody reads from the socket: it gets all bytes that come, then.
   *
   * @param {Boolean} isTapped
   * @param {Boolean} [isFirst] whether in front of the WebSocket
   */
  tap(isTapped, isFirst = false) {
    const tapsBehind = !isFirst && (this.#tapsBehind || !isTapped);
    if (this.#isTapped === isTapped && this.#tapsBehind === tapsBehind) return;
    this.#isTapped = isTapped;
    this.#tapsBehind = tapsBehind;
    native.tap(this.id, isTapped, tapsBehind);
  }

  /** Bytes came, which somebody reads. */
  raw(bytes) {
    this.#shown += bytes.length;
    return prototype.push.call(this.socket, bytes);
  }

  /**
   * Whether it is raw() that made the socket emit 'data'.
   *
   * @param {Number} size of the chunk
   * @return {Boolean}
   */
  hasShown(size) {
    if (size > this.#shown) return false;
    this.#shown -= size;
    return true;
  }

  /** The upgrade was accepted: from here on writes are sent. */
  accepted() {
    this.#isDecided = true;
    if (this.socket.isPaused()) native.pause(this.id);
  }

  /** The peer sends no more. */
  peerEnded() {
    this.#hasPeerEnded = true;
    prototype.push.call(this.socket, null);
    // As Node does: so it is seen where nobody reads, too.
    this.socket.read(0);
  }

  /** Bytes that wait for the kernel, and that the socket's own stream does not know of. */
  get waiting() {
    if (this.id === 0 || this.socket.writableEnded) return 0;
    return Math.max(this.writeQueueSize - this.#writing - this.#aheadBytes, 0);
  }

  /** Whether so much has waited, and some of it still does, that 'drain' is to come. */
  get needsDrain() {
    const { waiting } = this;
    if (waiting === 0) this.#needsDrain = false;
    else if (waiting >= this.socket.writableHighWaterMark) this.#needsDrain = true;
    return this.#needsDrain;
  }

  /**
   * Somebody listens for 'drain': it comes when what waits now, or was sent in this turn, or waits at
   * some later time, has been taken.
   */
  watchDrain() {
    this.#isDrainWatched = true;
    const enqueued = native.enqueued(this.id);
    const isMuch = enqueued - this.#drained >= this.socket.writableHighWaterMark;
    if (native.flush(this.id, true) < enqueued || !isMuch) return;
    this.#drained = enqueued;
    nextTick(() => this.#drain());
  }

  #drain() {
    const { socket } = this;
    if (this.id === 0 || socket.writableEnded || this.writeQueueSize > 0) return;
    this.#drained = native.enqueued(this.id);
    socket.emit('drain');
  }

  /** The kernel has taken more of what was queued. */
  written() {
    const done = this.#unwritten;
    this.#unwritten = null;
    if (done !== null) this.#afterWrite(done);
    if (!this.#isDrainWatched || this.id === 0) return;
    this.#isDrainWatched = this.socket.listenerCount('drain') > 0;
    if (!this.#isDrainWatched) return;
    native.flush(this.id, true);
    // Of what was written to the socket, its stream tells by itself.
    if (done === null) this.#drain();
  }

  /**
   * The transport is broken, which the socket tells at once; what was read before is still to come.
   *
   * @param {Error} error
   */
  failed(error) {
    this.#hasFailed = true;
    if (error.syscall === 'write') this.#fail(error);
    this.socket.destroy(error);
  }

  /** The connection is over, and the addon's name for it about to become invalid. */
  release() {
    if (this.id === 0) return;
    sockets.delete(this.id);
    this.#received = this.bytesRead;
    this.#sent = this.bytesWritten;
    this.id = 0;
  }

  /**
   * The connection is gone.
   *
   * @param {Error} [error] what was wrong with the transport
   * @param {Function} [then] called first of all listeners for the socket's 'close'
   */
  closed(error, then) {
    this.release();
    this.#then = then;
    // Of a write that is under way when somebody else meets an error, Node's streams think well.
    if (error?.syscall === 'write') this.#fail(error);
    this.written();
    this.socket.destroy(error);
    this.#finishClose();
    // Where events are deferred, the program may have destroyed the socket by now.
    if (this.#isSocketClosed) then?.();
  }

  /** The socket emits 'close'. */
  onSocketClosed() {
    this.#isSocketClosed = true;
    this.#then?.();
  }

  /**
   * Sends bytes as they are.
   *
   * @param {Uint8Array[]} chunks
   * @param {Function} callback called when the kernel has taken them
   */
  write(chunks, callback) {
    for (const chunk of chunks) {
      this.#passed++;
      this.#writing += chunk.length;
      if (this.#ahead > 0) {
        this.#ahead--;
        this.#aheadBytes -= chunk.length;
      } else {
        native.sendRaw(this.id, chunk);
      }
    }
    this.#afterWrite(callback);
  }

  /** How many chunks the socket's stream has passed on so far. */
  get passed() {
    return this.#passed;
  }

  /**
   * Sends bytes that the socket's stream keeps back until those before them are written, or while it
   * is corked: messages that are sent meanwhile come behind them. write() gets them later.
   *
   * @param {Uint8Array} chunk
   */
  sendAhead(chunk) {
    this.#ahead++;
    this.#aheadBytes += chunk.length;
    native.sendRaw(this.id, chunk);
  }

  #fail(error) {
    const callback = this.#unwritten;
    this.#unwritten = null;
    callback?.(error);
  }

  #afterWrite(callback) {
    const isWritten = this.id === 0 || native.flush(this.id) === native.enqueued(this.id);
    const failure = native.writeFailure(this.id);
    if (failure !== 0) {
      // The connection has ended by itself, and what was read before is still to come.
      this.#hasFailed = true;
      callback(createTransportError(failure));
    } else if (isWritten) {
      this.#writing = 0;
      callback();
    } else {
      this.#unwritten = callback;
      native.flush(this.id, true);
    }
  }

  // What net.Socket calls.

  shutdown() {
    this.#hasShutdown = true;
    if (this.#isDecided) native.endTransport(this.id);
    else native.reject(this.id, EMPTY_BUFFER);
    return 1; // Done.
  }

  close(callback) {
    this.#onClosed = callback;
    // What was ended in both directions, or refused, closes behind what is still to be written.
    const closesItself = this.#hasShutdown && (this.#hasPeerEnded || !this.#isDecided);
    if (!closesItself && !this.#hasFailed) {
      // What was written before leaves, as far as the kernel takes it.
      native.flush(this.id);
      native.terminate(this.id);
    }
    if (this.id === 0) this.#finishClose();
  }

  #finishClose() {
    const callback = this.#onClosed;
    this.#onClosed = null;
    if (callback && !this.isSilent) setImmediate(callback);
  }

  reset(callback) {
    this.#onClosed = callback;
    native.flush(this.id);
    native.reset(this.id);
    if (this.id === 0) this.#finishClose();
    return 0;
  }

  // The bytes are the WebSocket's; tap() is for those who want them too.
  readStart() {
    return 0;
  }

  readStop() {
    return 0;
  }

  hasRef() {
    return this.#isReferenced;
  }

  ref() {
    this.#isReferenced = true;
    native.setRef(this.id, true);
  }

  unref() {
    this.#isReferenced = false;
    native.setRef(this.id, false);
  }

  setNoDelay(on) {
    native.setNoDelay(this.id, on);
    return 0;
  }

  setKeepAlive(on, seconds) {
    native.setKeepAlive(this.id, on, Math.max(seconds, 1));
    return 0;
  }

  getpeername(out) {
    return this.#name(out, true);
  }

  getsockname(out) {
    return this.#name(out, false);
  }

  #name(out, ofPeer) {
    const address = native.address(this.id, ofPeer);
    if (address === undefined) return -1;
    Object.assign(out, address);
    return 0;
  }
}

module.exports = { ConnectionHandle };
