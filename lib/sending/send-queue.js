'use strict';

const { AsyncResource } = require('async_hooks');

const { nextTick } = require('../native/realm');
const { callEach } = require('./call-each');

/**
 * @typedef {Object} Job something that is to be sent when its turn has come
 * @property {(Blob|Uint8Array|null)} data
 * @property {Number} size of `data`, in bytes, as far as it is not sent yet
 * @property {function((Uint8Array|null)): Boolean} send sends it; true if that takes longer, until
 *     done() is called
 * @property {Function} [cb] gets an error, or is passed to `onSent`
 * @property {Boolean} [isControl] whether it may be sent between the frames of a message
 * @property {Boolean} [isCloseFrame]
 * @property {Boolean} [isInFrames] whether others may be sent between its frames
 * @property {function()} [hurry] of one in frames that has begun: a close frame waits for it
 * @property {function()} [interrupt] of one in frames: a close frame is about to be sent
 * @property {function()} [stop] of one in frames: it is not going to be sent to its end
 */

/**
 * What a connection has to send while a Blob before it is still being read, a large message
 * compressed, or a message in frames not finished. Everything passes through here in order until the
 * queue is empty again; but control frames do not wait for the rest of a message in frames.
 */
class SendQueue {
  /** @type {Job[]} */
  #jobs = [];
  #isReading = false;
  // Whether the first job is being sent.
  #isSending = false;
  #isHurried = false;
  // What is done later is done in the asynchronous context of the first job, as under ws, where each
  // step follows from the one before.
  #resource = new AsyncResource('wsuv.sendQueue', { requireManualDestroy: true });
  #isClosed;
  #onError;
  #onSent;
  #onEmpty;

  /** Bytes of payload that wait. */
  bytes = 0;

  /**
   * @param {Object} owner
   * @param {function(): Boolean} owner.isClosed whether the connection is gone
   * @param {function(Error)} owner.onError a Blob could not be read
   * @param {function(Function=)} owner.onSent something was sent, that had this callback
   * @param {function()} owner.onEmpty nothing is left: the owner can send directly again
   */
  constructor({ isClosed, onError, onSent, onEmpty }) {
    this.#isClosed = isClosed;
    this.#onError = onError;
    this.#onSent = onSent;
    this.#onEmpty = onEmpty;
  }

  /** Whether a message in frames is being sent, between which others may be. */
  get isInFrames() {
    return this.#isSending && this.#jobs[0].isInFrames === true;
  }

  /** @param {Job} job */
  push(job) {
    this.bytes += job.size;
    this.#jobs.push(job);
    if (!this.#isReading && !this.#isSending) this.#run();
  }

  /**
   * Part of the first job's data was sent.
   *
   * @param {Number} size
   */
  progressed(size) {
    this.bytes -= size;
    this.#jobs[0].size -= size;
  }

  /** What the first job's `send` began is done. */
  done() {
    this.#resource.runInAsyncScope(() => {
      this.#isSending = false;
      this.#finish();
      this.#run();
    });
  }

  /** A close frame is about to be pushed: messages in frames do not wait for the kernel any more. */
  hurry() {
    this.#isHurried = true;
    if (this.isInFrames) this.#jobs[0].hurry();
  }

  /** @return {Job[]} all that wait, and the one that is being sent */
  jobs() {
    return [...this.#jobs];
  }

  /**
   * Takes a job back. Where its message has begun, nothing but control frames may follow.
   *
   * @param {Job} job
   */
  remove(job) {
    const at = this.#jobs.indexOf(job);
    if (at < 0) return;
    this.#jobs.splice(at, 1);
    this.bytes -= job.size;
    if (at > 0 || !this.#isSending) return;
    this.#isSending = false;
    this.#run();
  }

  /**
   * The jobs behind the first one are not going to be sent, but for a close frame.
   *
   * @param {Error} error
   */
  cut(error) {
    const closeFrames = this.#jobs.filter((job, index) => index > 0 && job.isCloseFrame);
    nextTick(callEach, this.#takeCallbacks(1), error);
    this.#jobs.push(...closeFrames);
  }

  /**
   * The connection is gone, or nothing can follow on it.
   *
   * @param {Error} error
   */
  closed(error) {
    if (!this.#isSending) return;
    this.#isSending = false;
    this.#fail(error);
  }

  #run() {
    while (this.#jobs.length > 0) {
      const { data } = this.#jobs[0];
      if (typeof data?.arrayBuffer === 'function') {
        this.#read(data);
        return;
      }
      if (!this.#send(data)) return;
    }
    this.#onEmpty();
  }

  // Sends the first job's data; false if that takes longer.
  #send(data) {
    const [job] = this.#jobs;
    // What is sent meanwhile (by a masking function, say) waits.
    this.#isSending = true;
    let takesLonger;
    try {
      takesLonger = job.send(data);
    } catch (error) {
      this.#isSending = false;
      this.#jobs.shift();
      nextTick(() => this.#resume());
      throw error;
    }
    if (takesLonger === true) {
      if (job.isInFrames) this.#passControls();
      if (this.#isHurried) job.hurry?.();
      return false;
    }
    this.#isSending = false;
    this.#finish();
    return true;
  }

  // A masking function has thrown: the others can be sent.
  #resume() {
    if (!this.#isReading && !this.#isSending) this.#run();
  }

  // Control frames that waited with a message do not wait for its end.
  #passControls() {
    const waiting = this.#jobs.splice(1);
    for (const job of waiting) {
      if (job.isControl && typeof job.data.arrayBuffer !== 'function') {
        job.send(job.data);
        this.bytes -= job.size;
        this.#onSent(job.cb);
      } else {
        this.#jobs.push(job);
      }
    }
  }

  #finish() {
    const { size, cb } = this.#jobs.shift();
    this.bytes -= size;
    this.#onSent(cb);
  }

  #read(blob) {
    this.#isReading = true;
    blob.arrayBuffer().then(
      (buffer) => {
        this.#isReading = false;
        if (this.#isClosed()) {
          const error = new Error('The socket was closed while the blob was being read');
          // Outside the promise, so that a callback that throws is an uncaught exception.
          process.nextTick(() => this.#fail(error));
          return;
        }
        if (this.#send(new Uint8Array(buffer))) this.#run();
      },
      (error) => {
        this.#isReading = false;
        process.nextTick(() => {
          this.#fail(error);
          this.#onError(error);
        });
      }
    );
  }

  #fail(error) {
    callEach(this.#takeCallbacks(0), error);
  }

  #takeCallbacks(from) {
    const jobs = this.#jobs.splice(from);
    for (const { stop } of jobs) stop?.();
    return jobs.map(({ cb }) => cb).filter((cb) => typeof cb === 'function');
  }
}

module.exports = { SendQueue };
