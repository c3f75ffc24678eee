'use strict';

const { lazy } = require('../lazy');

const messageIterator = lazy(() => require('./message-iterator'));

const HIGH_WATER_MARK = 16;

const toData = (data, isBinary) => (isBinary ? data : data.toString());
const toMessage = (data, isBinary) => ({ data, isBinary });

/** The part of a WebSocket that gives its messages one after the other. */
class Iterable {
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
function mixInIteration(constructor) {
  const methods = Object.getOwnPropertyDescriptors(Iterable.prototype);
  delete methods.constructor;
  Object.defineProperties(constructor.prototype, methods);
}

module.exports = { mixInIteration };
