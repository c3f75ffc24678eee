'use strict';

const native = require('./addon');
const { lazy } = require('../lazy');

const zlib = lazy(() => require('zlib'));

// One table for C++, these classes and the documentation: src/protocol/error.cc.
const table = native.errors();

// What zlib's errors are called by Node.
const Z_DATA_ERROR = 'Z_DATA_ERROR';

/** Which ErrorCode of src/protocol/error.h it is, on the error. */
const kErrorCode = Symbol('wsuv.errorCode');

/**
 * Makes the error that tells the user what a peer did wrong.
 *
 * @param {Number} index an ErrorCode of src/protocol/error.h
 * @param {Number} detail the number that the sentence names
 * @param {String} [sentence] zlib's, where the error is its own
 * @return {(Error|RangeError)} with `code`, a WS_ERR_* string or one of zlib's
 */
function createProtocolError(index, detail, sentence) {
  const row = table[index];
  const text = sentence || row.sentence.replace('%', String(detail));
  const error = new (row.isRangeError ? RangeError : Error)(text);
  Error.captureStackTrace(error, createProtocolError);
  if (row.name === Z_DATA_ERROR) error.errno = zlib().constants[Z_DATA_ERROR];
  error.code = row.name;
  Object.defineProperty(error, kErrorCode, { value: index });
  return error;
}

/**
 * The code of the close frame with which a connection ends by a protocol error.
 *
 * @param {Error} error
 * @return {(Number|undefined)} nothing for any other error
 */
function closeCodeOf(error) {
  return table[error[kErrorCode]]?.closeCode;
}

/**
 * Makes the error for a message that inflates to more than it may.
 *
 * @return {RangeError}
 */
function createLimitError() {
  return createNamedError('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
}

/**
 * Makes the error for a text that is none.
 *
 * @return {Error}
 */
function createUtf8Error() {
  return createNamedError('WS_ERR_INVALID_UTF8');
}

function createNamedError(code) {
  return createProtocolError(
    table.findIndex(({ name }) => name === code),
    0
  );
}

module.exports = {
  closeCodeOf,
  createLimitError,
  createProtocolError,
  createUtf8Error,
  kErrorCode
};
