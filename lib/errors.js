'use strict';

// Errors of the kinds that Node's own sockets give. Those that the addon finds: native/protocol-errors.js
// and native/transport-errors.js.

const { getSystemErrorMap } = require('util');

// Node makes a new one each time, of all errors that there are: ten times as much work as the rest of a
// connection that was reset.
let systemErrors = null;

/**
 * The errors of libuv: codes and what they mean, by their numbers.
 *
 * @return {Map<Number, String[]>}
 */
function systemErrorMap() {
  systemErrors ??= getSystemErrorMap();
  return systemErrors;
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
  const [code, text] = systemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown'];
  const where = port > 0 ? `${address}:${port}` : address;
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

/**
 * Makes the error of ws for messages whose connection ends while they are compressed.
 *
 * @param {Error} [cause] what was wrong with the transport
 * @return {Error}
 */
function createCompressingError(cause) {
  const options = cause === undefined ? undefined : { cause };
  return new Error('The socket was closed while data was being compressed', options);
}

/**
 * Makes the error for a message that was not sent to its end, and for what waited behind it.
 *
 * @return {Error} with code WS_ERR_MESSAGE_INTERRUPTED
 */
function createInterruptedError() {
  const error = new Error('The connection ended before the message was sent');
  error.code = 'WS_ERR_MESSAGE_INTERRUPTED';
  return error;
}

/**
 * Makes the error with which an iteration over messages ends where the connection has failed.
 *
 * @param {Number} closeCode
 * @param {Buffer} reason of the close frame
 * @return {Error} with code WS_ERR_CLOSED, closeCode and reason
 */
function createClosedError(closeCode, reason) {
  const error = new Error(`The connection was closed with the code ${closeCode}`);
  return Object.assign(error, { code: 'WS_ERR_CLOSED', closeCode, reason: String(reason) });
}

/**
 * Makes the error with which the stream of a message ends whose rest will not come.
 *
 * @return {Error} with code WS_ERR_INCOMPLETE_MESSAGE
 */
function createIncompleteError() {
  const error = new Error('The connection has ended in the middle of the message');
  Error.captureStackTrace(error, createIncompleteError);
  error.code = 'WS_ERR_INCOMPLETE_MESSAGE';
  return error;
}

module.exports = {
  createClosedError,
  createCompressingError,
  createDestroyedError,
  createInterruptedError,
  createIncompleteError,
  createSystemError,
  systemErrorMap
};
