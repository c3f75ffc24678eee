'use strict';

const { Readable, finished } = require('stream');
const { isUint8Array } = require('util').types;

const { READY_STATES } = require('../constants');
const { lazy } = require('../lazy');
const { kOutgoing } = require('../symbols');

const messageStream = lazy(() => require('./message-stream'));

const CONNECTING = READY_STATES.indexOf('CONNECTING');
const OPEN = READY_STATES.indexOf('OPEN');

/** The part of a WebSocket that sends messages of any length, as they come. */
class MessageStreams {
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
    const pieces = piecesOf(source);
    const stream = this.createMessageStream(options);
    await new Promise((resolve, reject) => {
      finished(stream, (error) => {
        if (!error) {
          resolve();
          return;
        }
        // One that is waited for is not waited for any more.
        pieces.destroy?.();
        reject(error);
      });
      write(pieces, stream).catch((error) => stream.destroy(error));
    });
  }
}

// What a stream is given that can send nothing.
const NOWHERE = {
  abandon() {},
  open() {},
  termsFor: () => ({ flags: 0, most: Infinity })
};

function piecesOf(source) {
  const isObject = typeof source === 'object' && source !== null;
  if (isObject && typeof source.getReader === 'function') return Readable.fromWeb(source);
  if (isObject && source[Symbol.asyncIterator] !== undefined) return source;
  if (isObject && source[Symbol.iterator] !== undefined && !isUint8Array(source)) return source;
  throw new TypeError('The source must be an async iterable or a ReadableStream');
}

async function write(pieces, stream) {
  for await (const piece of pieces) {
    if (stream.destroyed) return;
    if (!stream.write(piece)) await drained(stream);
  }
  stream.end();
}

// Resolves when more can be written, or nothing any more.
function drained(stream) {
  return new Promise((resolve) => {
    const onDone = () => {
      stream.off('drain', onDone);
      stream.off('close', onDone);
      resolve();
    };
    stream.on('drain', onDone);
    stream.on('close', onDone);
  });
}

/**
 * Gives a WebSocket's class these methods.
 *
 * @param {Function} constructor
 */
function mixInMessageStreams(constructor) {
  const methods = Object.getOwnPropertyDescriptors(MessageStreams.prototype);
  delete methods.constructor;
  Object.defineProperties(constructor.prototype, methods);
}

module.exports = { mixInMessageStreams };
