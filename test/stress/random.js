'use strict';

/** Numbers that follow from a seed (mulberry32), so that a run can be repeated as far as time allows. */
class Random {
  #state;

  /** @param {Number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below `end`. */
  below(end) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * end);
  }

  /** True once in `times`. */
  oneIn(times) {
    return this.below(times) === 0;
  }

  /** One of a list. */
  of(list) {
    return list[this.below(list.length)];
  }

  /** A key of an object whose values say how often it is to come. */
  weighted(weights) {
    let left = this.below(Object.values(weights).reduce((sum, weight) => sum + weight, 0));
    for (const [key, weight] of Object.entries(weights)) {
      left -= weight;
      if (left < 0) return key;
    }
    throw new Error('nothing to choose from');
  }

  /** A size of a message: small ones mostly, and those around what the code decides by. */
  size() {
    const thresholds = [125, 126, 500, 512, 1024, 4096, 16384, 65535, 65536, 131072, 262144];
    if (this.oneIn(300)) return 1000000 + this.below(3000000);
    if (this.oneIn(12)) return this.of(thresholds) + this.below(5) - 2;
    return this.below(this.of([1, 8, 30, 130, 2000]));
  }
}

module.exports = { Random };
