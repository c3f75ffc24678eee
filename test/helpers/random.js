'use strict';

/**
 * A small generator of pseudo-random numbers (mulberry32), so that a failure can be repeated.
 *
 * @param {Number} seed
 * @return {function(Number): Number} gives a number of at least 0, below its argument
 */
function randomNumbers(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

module.exports = { randomNumbers };
