'use strict';

/** The median of some numbers. */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Each figure's median over several runs.
 *
 * @param {Object[]} runs with the same keys
 * @return {Object}
 */
function medians(runs) {
  return Object.fromEntries(
    Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))])
  );
}

/**
 * Compares two contestants that were measured in turn.
 *
 * @param {Object[]} runs of the one
 * @param {Object[]} others of the other, as many
 * @param {String} key of the figure that is compared
 * @return {{median: Number, minimum: Number}} the median of the ratios of the pairs, and the ratio
 *     of the smallest figures
 */
function comparePairs(runs, others, key) {
  const smallest = (all) => Math.min(...all.map((run) => run[key]));
  return {
    median: median(runs.map((run, index) => run[key] / others[index][key])),
    minimum: smallest(runs) / smallest(others)
  };
}

module.exports = { comparePairs, median, medians };
