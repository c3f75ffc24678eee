'use strict';

// Errors of the kinds that Node's own sockets give. Those of the protocol: native/protocol-errors.js.

const { getSystemErrorMap } = require('util');

// Node makes a new one each time, of all errors that there are: ten times as much work as the rest of a
// connection that was reset.
let systemErrors = null;

// The code of a libuv error, and what it means.
function describe(errno) {
  systemErrors ??= getSystemErrorMap();
  return systemErrors.get(errno) ?? ['UNKNOWN', 'unknown'];
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
  const [code, text] = describe(errno);
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
  const [code] = describe(errno);
  // Whoever reads is told of everything but that the peer takes no more, and that there was no memory for
  // what waits.
  const syscall = code === 'EPIPE' || code === 'ENOMEM' ? 'write' : 'read';
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
  createTransportError
};
