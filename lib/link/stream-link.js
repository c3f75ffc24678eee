'use strict';

const { AsyncResource } = require('async_hooks');

const native = require('../native/addon');
const { callEach } = require('../sending/call-each');
const { EMPTY_BUFFER, NOOP } = require('../constants');
const { createDestroyedError } = require('../errors');
const { context, cursor } = require('../native/dispatch');
const { nextTick } = require('../native/realm');
const seam = require('../native/seam');
const { kBeginEnd } = require('../symbols');

// Where the addon says what is to be done with a stream, and how; see src/binding/seam.h.
const { STREAM: STATE } = seam.cursor;
const { DESTROY, END, HOLD } = seam.stream;

const kStreamLink = Symbol('wsuv.streamLink');
// What is called when the process exits; see native/dispatch.js.
const atExit = process[Symbol.for('wsuv.flush')];

/**
 * Moves the bytes of a connection between a stream.Duplex (TLS, or anything else that is no plain
 * socket) and the addon, which does with them what it does with those of its own sockets. The methods
 * are those of native-link.js.
 *
 * What handlers of one chunk send goes out in one write, when the last of them has returned; anything
 * else at once. Whoever writes to the stream himself, ends or destroys it, does so behind that.
 */
class StreamLink {
  #ws;
  #socket;
  // The stream's own methods, which are replaced while it is ours.
  #replaced = {};
  // Their descriptors, where they were properties of the stream itself.
  #given = {};
  #feeding = 0;
  // Whether the stream is paused since the addon is still inflating what it has.
  #isHeld = false;
  #isPaused = false;
  // Whether the addon keeps what it has, too.
  #isStopped = false;
  #callbacks = [];
  // The asynchronous context of callbacks whose message is written later: that of the first one, as
  // where Node's streams write one thing after the other.
  #resource = null;
  #isScheduled = false;
  #flush = () => this.#write();
  // Those that are there as long as the stream is.
  #listeners = {
    close: () => this.#onClose(),
    data: (chunk) => this.#feed(native.feed, chunk),
    end: () => this.#onEnd()
  };

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

    this.#takeMethods();
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
    socket.on('error', () => this.#onError());
  }

  #takeMethods() {
    const socket = this.#socket;
    Object.defineProperty(socket, kStreamLink, { configurable: true, value: this });
    for (const [name, value] of Object.entries(BEHIND)) {
      this.#replaced[name] = socket[name];
      const isOwn = Object.hasOwn(socket, name);
      const given = isOwn ? Object.getOwnPropertyDescriptor(socket, name) : { writable: true };
      this.#given[name] = isOwn ? given : undefined;
      Object.defineProperty(socket, name, { ...given, configurable: true, value });
    }
  }

  #giveMethodsBack() {
    const socket = this.#socket;
    for (const [name, value] of Object.entries(BEHIND)) {
      // Somebody else may have replaced it since.
      if (socket[name] !== value) continue;
      if (this.#given[name] === undefined) delete socket[name];
      else Object.defineProperty(socket, name, this.#given[name]);
    }
  }

  /** Calls a method that the stream had before. */
  callReplaced(stream, name, args) {
    return Reflect.apply(this.#replaced[name], stream, args);
  }

  pump(handle, callback) {
    if (this.handle === 0) {
      if (callback !== undefined) nextTick(callback, createDestroyedError());
      return;
    }
    if (callback !== undefined) this.#add(callback);
    if (this.#feeding > 0) atExit.add(this.#flush);
    else this.#write();
  }

  pumpLater(handle, callback) {
    if (callback !== undefined) this.#add(callback);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  #add(callback) {
    this.#callbacks.push(callback);
    if (this.#feeding === 0) return;
    this.#resource ??= new AsyncResource('wsuv.send', { requireManualDestroy: true });
  }

  /** Writes what is queued to the stream now. */
  flush() {
    if (this.#feeding > 0 || this.#isScheduled) this.#write();
  }

  // Writes what the addon has, and does with the stream what it says.
  #write() {
    cursor[STATE] = 0;
    this.#writeBytes(native.streamState(this.handle));
  }

  #writeBytes(size) {
    atExit.delete(this.#flush);
    const resource = this.#resource;
    if (resource !== null) {
      this.#resource = null;
      resource.runInAsyncScope(this.#writeBytes, this, size);
      resource.emitDestroy();
      return;
    }
    const callbacks = this.#callbacks;
    if (callbacks.length > 0) this.#callbacks = [];
    if (size > 0) {
      const output = Buffer.allocUnsafe(size);
      native.takeOutput(this.handle, output);
      // What writing makes others do may say it anew.
      const state = cursor[STATE];
      // As under ws, the stream ends when the last frame has been written.
      const ends = (state & END) !== 0;
      // And the 'error' of one that has ended comes before the callbacks, for ws writes in two pieces.
      if (this.#socket.writableEnded) this.#replaced.write.call(this.#socket, EMPTY_BUFFER);
      const isWaited = ends || callbacks.length > 0;
      this.#replaced.write.call(
        this.#socket,
        output,
        isWaited ? (error) => this.#onWritten(callbacks, ends, error) : undefined
      );
      this.#obey(state & ~END);
    } else {
      if (callbacks.length > 0) nextTick(callEach, callbacks, null);
      this.#obey(cursor[STATE]);
    }
  }

  #onWritten(callbacks, ends, error) {
    try {
      callEach(callbacks, error);
    } finally {
      if (ends && !error) this.#replaced.end.call(this.#socket);
    }
  }

  #obey(state) {
    if (state === 0 && !this.#isHeld) return;
    this.#hold((state & HOLD) !== 0);
    if ((state & END) !== 0) this.#replaced.end.call(this.#socket);
    else if ((state & DESTROY) !== 0) this.#replaced.destroy.call(this.#socket);
  }

  // Pauses the stream while the addon is still inflating what it has.
  #hold(isHeld) {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#socket.pause();
    else if (!this.#isPaused) this.#socket.resume();
  }

  pause(handle, isStrict) {
    this.#isPaused = true;
    this.#socket.pause();
    if (!isStrict) return;
    this.#isStopped = true;
    native.pause(handle);
  }

  resume(handle) {
    this.#isPaused = false;
    if (this.#isStopped) native.resume(handle);
    this.#isStopped = false;
    if (!this.#isHeld) this.#socket.resume();
  }

  buffered() {
    // What is to leave later is counted by whoever made it.
    if (this.#feeding > 0 && !this.#isScheduled) this.#write();
    return this.#socket.writableLength ?? 0;
  }

  // A stream of Node's calls back without an error when it is destroyed in the middle of a write.
  whenTaken(handle, callback) {
    this.pump(handle, (error) =>
      callback(error || (this.#socket.destroyed ? createDestroyedError() : null))
    );
  }

  isTaken(handle) {
    const isQueued = native.enqueued(handle) !== native.flush(handle);
    return !isQueued && (this.#socket.writableLength ?? 0) === 0;
  }

  isDestroyed() {
    return this.handle === 0 || this.#socket.destroyed;
  }

  feed(handle, chunk) {
    this.#feed(native.feed, chunk);
  }

  #feed(feed, chunk) {
    this.#feeding++;
    let size = 0;
    cursor[STATE] = 0;
    try {
      size = feed(this.handle, chunk);
    } finally {
      this.#feeding--;
    }
    // Where the connection ended meanwhile, this is what was said of another one.
    if (cursor[STATE] !== 0 && native.stage(this.handle) === seam.stage.OVER) cursor[STATE] = 0;
    this.#writeBytes(size);
  }

  // The addon hears of it when what it has been given before is worked off; where a handler has made the
  // stream say so, the handlers behind that one see it.
  #onEnd() {
    this.#ws[kBeginEnd]();
    this.#feed(native.feedEnd);
  }

  // The addon says so itself; see #obey().
  ended() {}

  // The stream has said so itself.
  peerEnded() {}

  terminate(handle) {
    native.terminate(handle);
    this.#write();
  }

  written() {}

  output() {
    this.pump();
  }

  // The stream calls the callbacks.
  release() {
    this.handle = 0;
  }

  // The stream is.
  closed(socketHandle, server, { senders, afterSocket }) {
    try {
      senders();
    } finally {
      afterSocket();
    }
  }

  socketOf() {
    return this.#socket;
  }

  #onClose() {
    const socket = this.#socket;
    this.#giveMethodsBack();
    for (const [event, listener] of Object.entries(this.#listeners)) {
      socket.removeListener(event, listener);
    }
    this.#ws[kBeginEnd]();
    // What was read while the socket was paused still counts.
    const rest = socket.readableLength > 0 ? socket.read(socket.readableLength) : null;
    if (rest !== null) native.feed(this.handle, rest);
    native.feedClosed(this.handle);
  }

  // As under ws, a transport's error is the end of the connection (1006) and nothing more.
  #onError() {
    if (this.handle !== 0) this.#ws[kBeginEnd]();
    this.#socket.on('error', NOOP);
    this.#socket.destroy();
  }
}

// What a stream does otherwise while it is ours: what was sent before comes first.
function behind(name) {
  return function (...args) {
    const link = this[kStreamLink];
    link.flush();
    return link.callReplaced(this, name, args);
  };
}

const BEHIND = { destroy: behind('destroy'), end: behind('end'), write: behind('write') };

module.exports = { StreamLink };
