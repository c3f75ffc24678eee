'use strict';

/** A factor with two digits or so. */
function factor(value) {
  return value >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

/**
 * A ratio of two costs as people read it: "26 times less", "7% less", "4% more", "2.1 times as
 * much".
 *
 * @param {Number} ratio
 * @return {String} empty for what is no ratio
 */
function inWords(ratio) {
  if (!(ratio > 0) || ratio === Infinity) return '';
  if (ratio <= 1 / 1.5) return `${factor(1 / ratio)} times less`;
  if (ratio >= 1.5) return `${factor(ratio)} times as much`;
  const percent = Math.round((ratio - 1) * 100);
  if (percent === 0) return 'the same';
  return percent < 0 ? `${-percent}% less` : `${percent}% more`;
}

module.exports = { inWords };
