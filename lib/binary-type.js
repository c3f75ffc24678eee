'use strict';

/**
 * A binary message as `binaryType` says.
 *
 * @param {Buffer} data
 * @param {String} type nodebuffer, arraybuffer, fragments or blob
 * @param {(Number[]|Float64Array)} [ends] where its fragments end, if there are several
 * @return {(Buffer|ArrayBuffer|Buffer[]|Blob)}
 */
function toBinaryType(data, type, ends) {
  if (type === 'nodebuffer') return data;
  if (type === 'arraybuffer') {
    const { buffer, byteOffset, length } = data;
    return length === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + length);
  }
  if (type === 'blob') return new Blob([data]);
  if (data.length === 0) return [];
  if (ends === undefined) return [data];
  return Array.from(ends, (end, index) => data.subarray(index === 0 ? 0 : ends[index - 1], end));
}

module.exports = { toBinaryType };
