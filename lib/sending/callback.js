'use strict';

/**
 * The callback of send(), ping() or pong(). ws passes what is no function on to a stream's write(),
 * which takes it for an encoding.
 *
 * @param {*} value
 * @return {(Function|undefined)} none for what is falsy, or names an encoding
 * @throws {TypeError} ERR_UNKNOWN_ENCODING for anything else, as under ws. There the header of the
 *     frame has been written by then; here nothing has
 */
function callbackOf(value) {
  if (typeof value === 'function') return value;
  if (!value || value === 'buffer' || Buffer.isEncoding(value)) return undefined;
  return throwUnknownEncoding(value);
}

// Node's own error: its class is not to be had otherwise.
function throwUnknownEncoding(value) {
  return new (require('stream').Writable)({ write() {} }).write('', value);
}

module.exports = { callbackOf };
