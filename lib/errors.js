'use strict';

const { getSystemErrorMap } = require('util');

const native = require('./binding');

// One table for C++, these classes and the documentation: src/protocol/error.cc.
const table = native.errors();

/**
 * Makes the error that tells the user what a peer did wrong.
 *
 * @param {Number} index an ErrorCode of src/protocol/error.h
 * @param {Number} detail the number that the sentence names
 * @return {(Error|RangeError)} with `code`, a WS_ERR_* string
 */
function createProtocolError(index, detail) {
  const { name, isRangeError, sentence } = table[index];
  const error = new (isRangeError ? RangeError : Error)(sentence.replace('%', String(detail)));
  Error.captureStackTrace(error, createProtocolError);
  error.code = name;
  return error;
}

/**
 * Makes an error of the kind that Node's own sockets give for a failed system call.
 *
 * @param {Number} errno a libuv error, negative
 * @param {String} syscall the name of the call
 * @param {String} address where it was tried
 * @param {Number} [port]
 * @return {Error} with code, errno, syscall, address and port
 */
function createSystemError(errno, syscall, address, port) {
  const [code, text] = getSystemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown'];
  const where = port ? `${address}:${port}` : address;
  const error = new Error(`${syscall} ${code}: ${text} ${where}`);
  Error.captureStackTrace(error, createSystemError);
  Object.assign(error, { code, errno, syscall, address });
  if (port) error.port = port;
  return error;
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

module.exports = { createDestroyedError, createProtocolError, createSystemError };
