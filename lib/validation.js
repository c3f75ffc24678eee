'use strict';

const { EMPTY_BUFFER } = require('./constants');

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Whether a code may be sent in a close frame (RFC 6455 7.4).
 *
 * @param {Number} code
 * @return {Boolean}
 */
function isValidCloseCode(code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

/**
 * Whether a string is a token (RFC 9110 5.6.2).
 *
 * @param {*} value
 * @return {Boolean}
 */
function isToken(value) {
  return typeof value === 'string' && TOKEN.test(value);
}

/**
 * Whether a value is a Blob (or File), of whatever realm.
 *
 * @param {*} value
 * @return {Boolean}
 */
function isBlob(value) {
  if (typeof value !== 'object' || value === null) return false;
  const tag = value[Symbol.toStringTag];
  return (
    (tag === 'Blob' || tag === 'File') &&
    typeof value.arrayBuffer === 'function' &&
    typeof value.stream === 'function' &&
    typeof value.type === 'string'
  );
}

/**
 * A view of what `data` holds, without copying where that is possible.
 *
 * @param {*} data a Buffer, typed array, DataView, ArrayBuffer, or what Buffer.from() takes
 * @return {Uint8Array}
 * @throws {TypeError} for what holds no bytes, or not any more; but, as under ws, a detached Buffer
 *     is empty
 */
function toBytes(data) {
  // What only inherits from a Buffer has no length that could be read: this throws.
  if (Buffer.isBuffer(data) && data.length >= 0) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Buffer.from(data);
}

/**
 * What is to be sent, as bytes or as a Blob that is to be read.
 *
 * @param {*} data nothing, or something falsy, is empty
 * @return {(Uint8Array|Blob)}
 */
function toPayload(data) {
  return isBlob(data) ? data : toBytes(data || EMPTY_BUFFER);
}

/**
 * The bytes of a payload.
 *
 * @param {(Uint8Array|Blob)} payload
 * @return {Number}
 */
function sizeOf(payload) {
  return payload.size ?? payload.length;
}

module.exports = { isBlob, isToken, isValidCloseCode, sizeOf, toBytes, toPayload };
