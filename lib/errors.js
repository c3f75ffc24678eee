'use strict';

const { getSystemErrorMap } = require('util');
const { constants } = require('zlib');

const native = require('./native/addon');

// One table for C++, these classes and the documentation: src/protocol/error.cc.
const table = native.errors();

// What zlib's errors are called by Node.
const Z_DATA_ERROR = 'Z_DATA_ERROR';
const { Z_DATA_ERROR: DATA_ERRNO } = constants;

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
  if (row.name === Z_DATA_ERROR) error.errno = DATA_ERRNO;
  error.code = row.name;
  Object.defineProperty(error, kErrorCode, { value: index });
  return error;
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

/**
 * Makes an error of the kind that Node's own sockets give for a failed system call.
 *
 * @param {Number} errno a libuv error, negative
 * @param {String} syscall the name of the call
 * @param {String} address where it was tried
 * @param {Number} [port] -1 where the address is a path
 * @return {Error} with code, errno, syscall, address and port
 */
function createSystemError(errno, syscall, address, port) {
  const [code, text] = getSystemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown'];
  const where = port > 0 ? `${address}:${port}` : address;
  const error = new Error(`${syscall} ${code}: ${text} ${where}`);
  Error.captureStackTrace(error, createSystemError);
  Object.assign(error, { code, errno, syscall, address });
  if (port) error.port = port;
  return error;
}

/**
 * Makes the error with which Node's sockets end where the transport is broken.
 *
 * @param {Number} errno a libuv error, negative
 * @return {Error} with code, errno and syscall
 */
function createTransportError(errno) {
  const [code] = getSystemErrorMap().get(errno) ?? ['UNKNOWN'];
  // Whoever reads is told of everything but this.
  const syscall = code === 'EPIPE' ? 'write' : 'read';
  const error = new Error(`${syscall} ${code}`);
  Error.captureStackTrace(error, createTransportError);
  return Object.assign(error, { errno, code, syscall });
}

/**
 * Makes the error for what can no longer be written.
 *
 * @return {Error} with code ERR_STREAM_DESTROYED, as Node's streams give it
 */
function createDestroyedError() {
  const error = new Error('Cannot call write after a stream was destroyed');
  error.code = 'ERR_STREAM_DESTROYED';
  return error;
}

module.exports = {
  createDestroyedError,
  createLimitError,
  createProtocolError,
  createSystemError,
  createTransportError,
  createUtf8Error,
  kErrorCode
};
