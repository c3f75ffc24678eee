'use strict';

/**
 * The callback of send(), ping() or pong(), where the argument is there and is no function. ws passes
 * it on to a stream's write(), which takes it for an encoding.
 *
 * @param {*} value
 * @return {undefined} for what is falsy, or names an encoding: there is no callback
 * @throws {TypeError} ERR_UNKNOWN_ENCODING for anything else, as under ws. There the header of the
 *     frame has been written by then; here nothing has
 */
function callbackOf(value) {
  if (!value || value === 'buffer' || Buffer.isEncoding(value)) return undefined;
  return throwUnknownEncoding(value);
}

// Node's own error: its class is not to be had otherwise.
function throwUnknownEncoding(value) {
  return new (require('stream').Writable)({ write() {} }).write('', value);
}

module.exports = { callbackOf };
