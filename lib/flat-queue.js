'use strict';

/**
 * A queue of entries that have several values each, in one array: there may be many of them, and to
 * take one costs the same however many wait.
 */
class FlatQueue {
  #width;
  #values = [];
  // Those in front of it are done.
  #first = 0;

  /** @param {Number} width values of an entry */
  constructor(width) {
    this.#width = width;
  }

  /** The entries that wait. */
  get length() {
    return (this.#values.length - this.#first) / this.#width;
  }

  /** The first value of the next entry; undefined where there is none. */
  get head() {
    return this.#values[this.#first];
  }

  /** @param {...*} values as many as an entry has */
  push(...values) {
    this.#values.push(...values);
  }

  /** @return {Array} the values of the next entry */
  shift() {
    const at = this.#first;
    const values = this.#values;
    const entry = values.slice(at, at + this.#width);
    this.#first = at + this.#width;
    // Each entry is moved at most once for another one that is done.
    if (2 * this.#first >= values.length) {
      values.splice(0, this.#first);
      this.#first = 0;
    } else {
      values.fill(undefined, at, at + this.#width);
    }
    return entry;
  }
}

module.exports = { FlatQueue };
