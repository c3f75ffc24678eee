'use strict';

const { Iteration } = require('./iteration');

const AsyncIterator = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype));

// An iterator that nobody has any more does not keep its WebSocket from being read.
const abandoned = new FinalizationRegistry((release) => release());

/** The messages of a WebSocket, one after the other. */
class MessageIterator {
  #iteration;
  #token = {};
  #toValue;
  #taker = null;
  #isDone = false;
  // What the next call fails with.
  #error = undefined;
  #release;

  /**
   * @param {WebSocket} ws
   * @param {Object} options
   * @param {Number} options.highWaterMark messages that may wait until nothing more is read; 0: none
   *     is read before it was asked for
   * @param {AbortSignal} [options.signal] ends it
   * @param {function(Buffer, Boolean): *} options.toValue makes a value of a message
   */
  constructor(ws, { highWaterMark, signal, toValue }) {
    const iteration = Iteration.of(ws);
    const token = this.#token;
    this.#iteration = iteration;
    this.#toValue = toValue;
    iteration.add(token, highWaterMark);
    const self = new WeakRef(this);
    const onAbort = () => self.deref()?.#abort(signal.reason);
    this.#release = () => {
      signal?.removeEventListener('abort', onAbort);
      iteration.remove(token);
    };
    abandoned.register(this, this.#release, token);
    if (signal?.aborted) this.#abort(signal.reason);
    else signal?.addEventListener('abort', onAbort, { once: true });
  }

  /** @return {Promise<{done: Boolean, value: *}>} rejected where the connection has failed */
  next() {
    if (this.#error !== undefined) {
      const [error] = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#isDone) return done();
    const ready = this.#iteration.takeReady();
    if (ready !== undefined) return Promise.resolve(this.#result(...ready));
    const { end } = this.#iteration;
    if (end === undefined) return this.#ask();
    this.#finish();
    return end.error === undefined ? done() : Promise.reject(end.error);
  }

  /**
   * Ends the iteration.
   *
   * @param {*} value
   * @return {Promise<{done: true, value: *}>}
   */
  return(value) {
    this.#finish();
    return Promise.resolve({ done: true, value });
  }

  #result(data, isBinary) {
    return { done: false, value: this.#toValue(data, isBinary) };
  }

  #ask() {
    // Those who ask several times at once are answered in order.
    const before = this.#taker?.promise;
    if (before !== undefined) {
      const next = () => this.next();
      return before.then(next, next);
    }
    const taker = {};
    taker.promise = new Promise((resolve, reject) => {
      taker.give = (data, isBinary) => {
        this.#taker = null;
        resolve(this.#result(data, isBinary));
      };
      taker.finish = (error) => {
        this.#taker = null;
        this.#finish();
        if (error === undefined) resolve({ done: true, value: undefined });
        else reject(error);
      };
    });
    this.#taker = taker;
    this.#iteration.ask(taker);
    return taker.promise;
  }

  #abort(reason) {
    if (this.#isDone) return;
    const taker = this.#taker;
    this.#taker = null;
    this.#finish();
    if (taker === null) {
      this.#error = [reason];
    } else {
      this.#iteration.forget(taker);
      taker.finish(reason);
    }
  }

  #finish() {
    if (this.#isDone) return;
    this.#isDone = true;
    abandoned.unregister(this.#token);
    const taker = this.#taker;
    this.#release();
    if (taker === null) return;
    this.#iteration.forget(taker);
    taker.finish(undefined);
  }
}

Object.setPrototypeOf(MessageIterator.prototype, AsyncIterator);

function done() {
  return Promise.resolve({ done: true, value: undefined });
}

module.exports = { MessageIterator };
