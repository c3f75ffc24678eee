'use strict';

/**
 * What a connection has to send while a Blob before it is still being read. Everything passes
 * through here in order until the queue is empty again.
 */
class SendQueue {
  #jobs = [];
  #reading = false;
  #isClosed;
  #onError;
  #onEmpty;

  /** Bytes of payload that wait. */
  bytes = 0;

  /**
   * @param {Object} owner
   * @param {function(): Boolean} owner.isClosed whether the connection is gone
   * @param {function(Error)} owner.onError a Blob could not be read
   * @param {function()} owner.onEmpty nothing is left: the owner can send directly again
   */
  constructor({ isClosed, onError, onEmpty }) {
    this.#isClosed = isClosed;
    this.#onError = onError;
    this.#onEmpty = onEmpty;
  }

  /**
   * @param {(Blob|Uint8Array|null)} data
   * @param {Number} size of `data`, in bytes
   * @param {function((Uint8Array|null))} send sends it, when its turn has come
   * @param {Function} [cb] is told of errors; `send` sees to it otherwise
   */
  push(data, size, send, cb) {
    this.bytes += size;
    this.#jobs.push({ data, size, send, cb });
    if (!this.#reading) this.#run();
  }

  #run() {
    while (this.#jobs.length > 0) {
      const { data, size, send } = this.#jobs[0];
      if (typeof data?.arrayBuffer === 'function') {
        this.#read(data);
        return;
      }
      this.#jobs.shift();
      this.bytes -= size;
      send(data);
    }
    this.#onEmpty();
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
        const { size, send } = this.#jobs.shift();
        this.bytes -= size;
        send(new Uint8Array(buffer));
        this.#run();
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
