'use strict';

const {
  types: { isUint8Array }
} = require('util');

const { EMPTY_BUFFER } = require('../constants');
const { isValidCloseCode, toPayload } = require('../validation');

const MAX_CONTROL_PAYLOAD = 125;
const MAX_REASON = MAX_CONTROL_PAYLOAD - 2;
const TypedArray = Object.getPrototypeOf(Uint8Array);
const { get: lengthOf } = Object.getOwnPropertyDescriptor(TypedArray.prototype, 'length');

/**
 * Checks what a close frame is to hold (RFC 6455 5.5.1).
 *
 * @param {Number} [code] none for an empty frame
 * @param {(String|Uint8Array)} [data] the reason
 * @return {Uint8Array} the bytes of the reason, which are ours: whatever happens to `data`, it is not
 *     longer than it was when it was checked
 * @throws {TypeError} for a code that may not be sent, or a reason of another type
 * @throws {RangeError} for a reason that is too long, or longer than it says
 */
function closeReason(code, data) {
  if (code === undefined) return EMPTY_BUFFER;
  if (typeof code !== 'number' || !isValidCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  if (data === undefined || !data.length) return EMPTY_BUFFER;
  const length = Buffer.byteLength(data);
  if (length > MAX_REASON) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }
  if (typeof data === 'string') return Buffer.from(data);
  if (!isUint8Array(data)) {
    throw new TypeError('Second argument must be a string or a Uint8Array');
  }
  const copy = Buffer.alloc(length);
  copy.set(data);
  return copy;
}

/**
 * The payload of a close frame; the parameters and errors are those of closeReason().
 *
 * @param {Number} [code]
 * @param {(String|Uint8Array)} [data]
 * @return {Buffer}
 */
function closePayload(code, data) {
  const reason = closeReason(code, data);
  if (code === undefined) return EMPTY_BUFFER;
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), reason]);
}

/**
 * The payload of a ping or a pong.
 *
 * @param {*} data
 * @return {(Uint8Array|Blob)}
 * @throws {RangeError} for one that is too long
 */
function controlPayload(data) {
  const payload = toPayload(data);
  // Not what an accessor of a subclass says.
  const size = isUint8Array(payload) ? lengthOf.call(payload) : payload.size;
  if (size > MAX_CONTROL_PAYLOAD) {
    throw new RangeError('The data size must not be greater than 125 bytes');
  }
  return payload;
}

module.exports = { closePayload, closeReason, controlPayload };
