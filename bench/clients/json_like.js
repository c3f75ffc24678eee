'use strict';

/**
 * Text like what applications send: JSON with names that repeat and values that do not.
 *
 * @param {Number} length in characters
 * @return {String}
 */
function jsonLike(length) {
  let text = '[';
  for (let i = 0; text.length < length; i++) {
    const value = (i * 2654435761) >>> 0;
    text += `{"id":${value},"name":"user ${i}","active":${i % 3 === 0},"score":${value % 1000}},`;
  }
  return text.slice(0, length);
}

module.exports = { jsonLike };
