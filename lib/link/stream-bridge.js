'use strict';

const native = require('../native/addon');
const { callEach } = require('../sending/call-each');
const { NOOP } = require('../constants');
const { context, cursor } = require('../native/dispatch');
const { nextTick } = require('../native/realm');

// Where the addon says what it wants to be done with a stream, and how; see
// src/binding/calls_stream.cc.
const STATE = 1;
const END = 1;
const DESTROY = 2;
const HOLD = 4;

/**
 * Moves the bytes of a connection between a stream.Duplex (TLS, or anything else that is no plain
 * socket) and the addon, which does with them what it does with those of its own sockets.
 */
class StreamBridge {
  #ws;
  #socket;
  #feeding = 0;
  // Whether the stream is paused since the addon is still inflating what it has.
  #isHeld = false;
  #isPaused = false;
  #callbacks = [];
  #isScheduled = false;

  /** The addon's name for the connection. */
  handle;

  /**
   * @param {Object} ws the WebSocket, whose `_isServer` tells which side this is
   * @param {Duplex} socket
   * @param {Buffer} head bytes that were read before
   * @param {Object} settings from settingsFor()
   */
  constructor(ws, socket, head, settings) {
    this.handle = native.attach(context, settings, ws._isServer);
    if (this.handle === 0) throw new Error('Too many connections');
    this.#ws = ws;
    this.#socket = socket;

    // A plain Duplex may have neither.
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();
    if (head.length > 0) socket.unshift(head);

    socket.on('close', () => this.#onClose());
    socket.on('data', (chunk) => this.feed(chunk));
    socket.on('end', () => this.#feed(native.feedEnd));
    socket.on('error', () => this.#onError());
  }

  /** Bytes that the stream has not passed on. */
  get bufferedAmount() {
    return this.#socket.writableLength ?? 0;
  }

  /** Writes what the addon has for the stream; `callback` is called when the stream has taken it. */
  pump(callback) {
    if (callback !== undefined) this.#callbacks.push(callback);
    // What the handlers of one chunk send goes out in one write.
    if (this.#feeding > 0) return;
    cursor[STATE] = 0;
    this.#write(native.streamState(this.handle));
  }

  /** The same in the next tick, together with what else was sent by then. */
  pumpLater(callback) {
    if (callback !== undefined) this.#callbacks.push(callback);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  // Writes so many bytes, and does with the stream what the addon says.
  #write(size) {
    const callbacks = this.#callbacks;
    if (callbacks.length > 0) this.#callbacks = [];
    if (size > 0) {
      const output = Buffer.allocUnsafe(size);
      native.takeOutput(this.handle, output);
      this.#socket.write(
        output,
        callbacks.length === 0 ? undefined : (error) => callEach(callbacks, error)
      );
    } else if (callbacks.length > 0) {
      nextTick(callEach, callbacks, null);
    }
    const state = cursor[STATE];
    if (state === 0 && !this.#isHeld) return;
    this.#hold((state & HOLD) !== 0);
    if ((state & END) !== 0) this.#socket.end();
    else if ((state & DESTROY) !== 0) this.#socket.destroy();
  }

  // Pauses the stream while the addon is still inflating what it has.
  #hold(isHeld) {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#socket.pause();
    else if (!this.#isPaused) this.#socket.resume();
  }

  pause() {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume() {
    this.#isPaused = false;
    if (!this.#isHeld) this.#socket.resume();
  }

  /** Passes bytes of the stream to the addon. */
  feed(chunk) {
    this.#feed(native.feed, chunk);
  }

  #feed(feed, chunk) {
    this.#feeding++;
    cursor[STATE] = 0;
    const size = feed(this.handle, chunk);
    this.#feeding--;
    this.#write(size);
  }

  #onClose() {
    const socket = this.#socket;
    // What was read while the socket was paused still counts.
    const rest = socket.readableLength > 0 ? socket.read(socket.readableLength) : null;
    if (rest !== null) native.feed(this.handle, rest);
    this.#ws._readyState = this.#ws.CLOSING;
    native.feedClosed(this.handle);
  }

  // As under ws, a transport's error is the end of the connection (1006) and nothing more.
  #onError() {
    this.#socket.on('error', NOOP);
    this.#socket.destroy();
  }
}

module.exports = { StreamBridge };
