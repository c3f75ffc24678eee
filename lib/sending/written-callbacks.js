'use strict';

const native = require('../native/addon');
const { callEach } = require('./call-each');
const { createDestroyedError } = require('../errors');

/** The callbacks of what was sent on a native connection, until the kernel has taken it. */
class WrittenCallbacks {
  #handle;
  // Pairs: the number of bytes that must have been written, ever, and the callback.
  #pairs = [];

  /** @param {Number} handle */
  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * Adds the callback of what was queued last.
   *
   * @param {Function} callback called with null, in a tick of its own like those of a socket's
   *     writes
   */
  push(callback) {
    this.#pairs.push(native.enqueued(this.#handle), callback);
    process.nextTick(() => this.callWritten(1));
  }

  /**
   * Calls the callbacks of what the kernel has taken, in order; the others wait for more.
   *
   * @param {Number} [limit] how many to call at most
   */
  callWritten(limit = Infinity) {
    const pairs = this.#pairs;
    if (pairs.length === 0) return;
    const written = native.flush(this.#handle);
    let done = 0;
    while (done < 2 * limit && done < pairs.length && pairs[done] <= written) done += 2;
    const ready = pairs.splice(0, done);
    native.flush(this.#handle, pairs.length > 0 && pairs[0] > written);
    callEach(ready.filter(isCallback), null);
  }

  /** The connection is gone: calls what is left with an error. */
  fail() {
    callEach(this.#pairs.splice(0).filter(isCallback), createDestroyedError());
  }
}

const isCallback = (_, index) => index % 2 === 1;

module.exports = { WrittenCallbacks };
