'use strict';

const seam = require('./seam');
const { systemErrorMap } = require('../errors');

const { WRITE } = seam.failure;

/**
 * Makes the error with which Node's sockets end where the transport is broken.
 *
 * @param {Number} status what the addon says: a libuv error, lower by failure.WRITE of seam.js where a
 *     write has met it
 * @return {Error} with code, errno and syscall
 */
function createTransportError(status) {
  const syscall = isOfWrite(status) ? 'write' : 'read';
  const errno = isOfWrite(status) ? status + WRITE : status;
  const [code] = systemErrorMap().get(errno) ?? ['UNKNOWN'];
  const error = new Error(`${syscall} ${code}`);
  Error.captureStackTrace(error, createTransportError);
  return Object.assign(error, { errno, code, syscall });
}

/**
 * Whether a write has met an error, and not a read.
 *
 * @param {Number} status what the addon says
 * @return {Boolean}
 */
function isOfWrite(status) {
  return status < -WRITE;
}

/**
 * Makes the error that a write meets behind one that has failed.
 *
 * @return {Error} with code EPIPE, errno and syscall
 */
function createBehindError() {
  const [errno] = [...systemErrorMap()].find(([, [code]]) => code === 'EPIPE');
  return createTransportError(errno - WRITE);
}

module.exports = { createBehindError, createTransportError, isOfWrite };
