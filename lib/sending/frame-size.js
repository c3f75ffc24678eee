'use strict';

/**
 * What `maxFrameSize` is: the most bytes that the payload of a frame may have.
 *
 * @param {*} value of the option
 * @return {Number} 0 where messages are not to be fragmented
 * @throws {TypeError} for what is no number
 * @throws {RangeError} for a number that is none of bytes
 */
function frameSizeOf(value) {
  if (value === undefined) return 0;
  if (typeof value !== 'number') {
    throw new TypeError(`The "maxFrameSize" option must be a number, not ${describe(value)}`);
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(
      `The "maxFrameSize" option must be a whole number of bytes, or 0 for no limit, not ${value}`
    );
  }
  return value;
}

function describe(value) {
  return value === null ? 'null' : `of type ${typeof value}`;
}

module.exports = { frameSizeOf };
