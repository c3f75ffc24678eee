'use strict';

/** What setBinaryFragmentation() and setMaxBufferLength() set, for all connections. */
const limits = {
  /** Bytes that a binary stream collects before it sends them as a fragment. */
  binaryFragmentation: 512 * 1024,
  /** Bytes of the largest text, of connections that open from then on. */
  maxBufferLength: 2 * 1024 * 1024
};

/**
 * @param {Number} bytes
 * @throws {(TypeError|RangeError)}
 */
function setBinaryFragmentation(bytes) {
  limits.binaryFragmentation = checkSize(bytes);
}

/**
 * @param {Number} bytes
 * @throws {(TypeError|RangeError)}
 */
function setMaxBufferLength(bytes) {
  limits.maxBufferLength = checkSize(bytes);
}

function checkSize(bytes) {
  if (typeof bytes !== 'number') {
    throw new TypeError(`The size must be a number of bytes; got ${typeof bytes}`);
  }
  if (!(bytes > 0) || (bytes !== Infinity && !Number.isSafeInteger(bytes))) {
    throw new RangeError(`The size must be a whole number above 0, or Infinity; got ${bytes}`);
  }
  return bytes;
}

module.exports = { limits, setBinaryFragmentation, setMaxBufferLength };
