'use strict';

/** What setBinaryFragmentation() and setMaxBufferLength() set, for all connections. */
const limits = {
  /** Bytes that a binary stream collects before it sends them as a fragment. */
  binaryFragmentation: 512 * 1024,
  /** Bytes of the largest text, of connections that open from then on. */
  maxBufferLength: 2 * 1024 * 1024
};

/**
 * @param {Number} bytes 0 for a fragment for each write
 * @throws {(TypeError|RangeError)}
 */
function setBinaryFragmentation(bytes) {
  limits.binaryFragmentation = checkSize(bytes, 0);
}

/**
 * @param {Number} bytes
 * @throws {(TypeError|RangeError)}
 */
function setMaxBufferLength(bytes) {
  limits.maxBufferLength = checkSize(bytes, 1);
}

function checkSize(bytes, least) {
  if (typeof bytes !== 'number') {
    throw new TypeError(`The size must be a number of bytes; got ${typeof bytes}`);
  }
  if (!(bytes >= least) || (bytes !== Infinity && !Number.isSafeInteger(bytes))) {
    throw new RangeError(
      `The size must be a whole number from ${least}, or Infinity; got ${bytes}`
    );
  }
  return bytes;
}

module.exports = { limits, setBinaryFragmentation, setMaxBufferLength };
