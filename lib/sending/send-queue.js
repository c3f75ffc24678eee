'use strict';

/**
 * What a connection has to send while a Blob before it is still being read, or a large message
 * compressed. Everything passes through here in order until the queue is empty again.
 */
class SendQueue {
  #jobs = [];
  #reading = false;
  #compressing = false;
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

  /**
   * @param {(Blob|Uint8Array|null)} data
   * @param {Number} size of `data`, in bytes
   * @param {function((Uint8Array|null)): Boolean} send sends it, when its turn has come; true if
   *     that takes longer, until compressed() is called
   * @param {Function} [cb] gets an error, or is passed to `onSent`
   */
  push(data, size, send, cb) {
    this.bytes += size;
    this.#jobs.push({ data, size, send, cb });
    if (!this.#reading && !this.#compressing) this.#run();
  }

  /** What the first job's `send` began is done. */
  compressed() {
    this.#compressing = false;
    this.#finish();
    this.#run();
  }

  /** The connection is gone. */
  closed() {
    if (!this.#compressing) return;
    this.#compressing = false;
    this.#fail(new Error('The socket was closed while data was being compressed'));
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
    if (job.send(data) === true) {
      this.#compressing = true;
      return false;
    }
    this.#finish();
    return true;
  }

  #finish() {
    const { size, cb } = this.#jobs.shift();
    this.bytes -= size;
    this.#onSent(cb);
  }

  #read(blob) {
    this.#reading = true;
    blob.arrayBuffer().then(
      (buffer) => {
        this.#reading = false;
        if (this.#isClosed()) {
          const error = new Error('The socket was closed while the blob was being read');
          // Outside the promise, so that a callback that throws is an uncaught exception.
          process.nextTick(() => this.#fail(error));
          return;
        }
        if (this.#send(new Uint8Array(buffer))) this.#run();
      },
      (error) => {
        this.#reading = false;
        process.nextTick(() => {
          this.#fail(error);
          this.#onError(error);
        });
      }
    );
  }

  #fail(error) {
    for (const { cb } of this.#jobs.splice(0)) {
      if (typeof cb === 'function') cb(error);
    }
  }
}

module.exports = { SendQueue };
