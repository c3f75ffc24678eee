'use strict';

/** Runs jobs, a limited number at a time, in order. */
class Limiter {
  #free;
  #jobs = [];

  /** @param {Number} concurrency how many at a time; 0 and less: any number */
  constructor(concurrency) {
    this.#free = concurrency > 0 ? concurrency : Infinity;
  }

  /**
   * @param {function(function())} job gets a function to call when it is done
   */
  run(job) {
    this.#jobs.push(job);
    this.#start();
  }

  #start() {
    while (this.#free > 0 && this.#jobs.length > 0) {
      this.#free--;
      const job = this.#jobs.shift();
      job(() => {
        this.#free++;
        this.#start();
      });
    }
  }
}

module.exports = { Limiter };
