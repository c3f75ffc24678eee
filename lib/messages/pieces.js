'use strict';

const EventEmitter = require('events');
const { Readable, Writable } = require('stream');

const { READY_STATES } = require('../constants');
const { lazy } = require('../lazy');
const { kOutgoing } = require('../symbols');

const messageIterator = lazy(() => require('./message-iterator'));
const messageStream = lazy(() => require('../sending/message-stream'));
const sendStream = lazy(() => require('../sending/send-stream'));

const CONNECTING = READY_STATES.indexOf('CONNECTING');
const OPEN = READY_STATES.indexOf('OPEN');
const HIGH_WATER_MARK = 16;
// Bytes of a source that may wait: what comes in a turn is sent in one go.
const AHEAD = 256 * 1024;

/** What all streams do, as it was when the package was loaded. */
const pristine = {
  emit: EventEmitter.prototype.emit,
  push: Readable.prototype.push,
  write: Writable.prototype.write
};

const toData = (data, isBinary) => (isBinary ? data : data.toString());
const toMessage = (data, isBinary) => ({ data, isBinary });

// What a stream is given that can send nothing.
const NOWHERE = {
  abandon() {},
  open() {},
  termsFor: () => ({ flags: 0, most: Infinity })
};

/** The part of a WebSocket that sends messages in pieces, and gives them one after the other. */
class Pieces {
  /**
   * Begins a message whose pieces are written to a stream. Other messages wait behind it; pings and
   * pongs do not, and close() does not if it has not ended: then it is destroyed.
   *
   * Destroying the stream in the middle of the message ends the connection with the code 1011, since
   * nothing else can follow.
   *
   * @param {Object} [options]
   * @param {Boolean} [options.binary] whether it is a binary message; by default, unless the first
   *     thing that is written is a string
   * @param {Boolean} [options.compress=true] whether to compress it, where that was negotiated
   * @param {Number} [options.highWaterMark] of the Writable
   * @param {AbortSignal} [options.signal] destroys the stream
   * @return {Writable}
   * @throws {Error} while connecting, and while a message is sent in fragments
   */
  createMessageStream(options = {}) {
    const { _readyState: state } = this;
    if (state === CONNECTING) {
      throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
    }
    const stream = new (messageStream().MessageStream)(
      state === OPEN ? this[kOutgoing]() : NOWHERE,
      options
    );
    if (state !== OPEN) {
      stream.destroy(
        new Error(`WebSocket is not open: readyState ${state} (${READY_STATES[state]})`)
      );
    }
    return stream;
  }

  /**
   * Sends a message that a source gives in pieces.
   *
   * @param {(AsyncIterable|Iterable|ReadableStream)} source of strings or bytes
   * @param {Object} [options] those of createMessageStream()
   * @return {Promise} resolves when the kernel has taken the message; rejects when that cannot be, with
   *     what the source has thrown where that is why
   */
  async sendStream(source, options) {
    const { piecesOf, send } = sendStream();
    const pieces = piecesOf(source);
    await send(pieces, this.createMessageStream({ highWaterMark: AHEAD, ...options }));
  }

  /**
   * Iterates over what 'message' would bring. Nothing is read meanwhile: the next message comes when it
   * is asked for.
   *
   * @return {AsyncIterator} of strings and, for binary messages, of what `binaryType` says; ends when
   *     the connection closes with 1000, 1001 or 1005, and throws otherwise
   */
  [Symbol.asyncIterator]() {
    const { MessageIterator } = messageIterator();
    return new MessageIterator(this, { highWaterMark: 0, toValue: toData });
  }

  /**
   * The same, as messages are emitted, and with some that may wait.
   *
   * @param {Object} [options]
   * @param {Number} [options.highWaterMark=16] messages that may wait until nothing more is read
   * @param {AbortSignal} [options.signal] ends it with its reason
   * @return {AsyncIterator} of `{ data, isBinary }`
   * @throws {(TypeError|RangeError)} for options of another kind
   */
  messages({ highWaterMark = HIGH_WATER_MARK, signal } = {}) {
    if (typeof highWaterMark !== 'number') {
      throw new TypeError(
        `The "highWaterMark" option must be a number, not of type ${typeof highWaterMark}`
      );
    }
    if (!Number.isSafeInteger(highWaterMark) || highWaterMark < 1) {
      throw new RangeError(
        `The "highWaterMark" option must be a number of messages, at least 1, not ${highWaterMark}`
      );
    }
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      throw new TypeError('The "signal" option must be an AbortSignal');
    }
    const { MessageIterator } = messageIterator();
    return new MessageIterator(this, { highWaterMark, signal, toValue: toMessage });
  }
}

/**
 * Gives a WebSocket's class these methods.
 *
 * @param {Function} constructor
 */
function mixInPieces(constructor) {
  const methods = Object.getOwnPropertyDescriptors(Pieces.prototype);
  delete methods.constructor;
  Object.defineProperties(constructor.prototype, methods);
}

module.exports = { mixInPieces, pristine };
