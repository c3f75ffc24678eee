'use strict';

const { AsyncResource } = require('async_hooks');

const native = require('../native/addon');
const { stage } = require('../native/seam');
const { nextTick } = require('../native/realm');
const { callEach } = require('./call-each');
const { createDestroyedError } = require('../errors');
const { sockets } = require('../native/dispatch');
const { createBehindError, createTransportError } = require('../native/transport-errors');

/** The callbacks of what was sent on a native connection, until the kernel has taken it. */
class WrittenCallbacks {
  #handle;
  // Pairs: the number of bytes that must have been written, ever, and the callback.
  #pairs = [];
  // When the connection is over: the callbacks of what the kernel had taken by then.
  #written = [];
  // The asynchronous context of callbacks that have to wait for the kernel: as under Node's streams,
  // that of the first one.
  #resource = null;
  // Where a write has failed: whether a callback is to get, or has got, its error.
  #isTold = false;
  #hasHeard = false;

  /** @param {Number} handle */
  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * Adds the callback of what was queued last.
   *
   * @param {Function} callback called with null, in a tick of its own like those of a socket's
   *     writes; with an error where nothing can be sent any more
   */
  push(callback) {
    if (native.stage(this.#handle) === stage.OVER) {
      this.#refuse(callback);
      return;
    }
    this.#pairs.push(native.enqueued(this.#handle), callback);
    nextTick(() => this.#callFirst());
  }

  // In the tick, and in the context, of the one that was sent.
  #callFirst() {
    if (this.#handle === 0 || this.#pairs.length === 0 || this.#resource !== null) return;
    if (this.#pairs[0] <= native.flush(this.#handle)) {
      this.#takeFirst()(null);
    } else if (native.writeFailure(this.#handle) !== 0) {
      const error = this.#failure(this.#isTold);
      this.#hasHeard = true;
      this.#takeFirst()(error);
    } else {
      this.#resource = new AsyncResource('wsuv.send', { requireManualDestroy: true });
      native.flush(this.#handle, true);
    }
  }

  #takeFirst() {
    const [, callback] = this.#pairs.splice(0, 2);
    return callback;
  }

  // Nothing can be sent any more. As under ws, the error of a read is told to those who had sent something
  // before.
  #refuse(callback) {
    const isOfWrite = !this.#hasHeard && native.writeFailure(this.#handle) !== 0;
    if (!isOfWrite) {
      nextTick(callback, createDestroyedError());
      return;
    }
    const error = this.#failure(this.#isTold || sockets.get(this.#handle)?.socket.errored);
    nextTick(() => {
      this.#hasHeard = true;
      callback(error);
    });
  }

  // What a write has met; or, of what was sent behind it, what that would have met.
  #failure(isBehind) {
    this.#isTold = true;
    const error = createTransportError(native.writeFailure(this.#handle));
    return isBehind && error.code !== 'ENOMEM' ? createBehindError() : error;
  }

  /** Calls the callbacks of what the kernel has taken, in order; the others wait for more. */
  callWritten() {
    if (this.#resource === null) return;
    const ready = this.#takeWritten();
    if (this.#pairs.length > 0) native.flush(this.#handle, true);
    this.#run(ready, null);
  }

  /** The addon's name for the connection is about to become invalid. */
  release() {
    // Those that waited for the kernel wait for what was under way at the end.
    if (this.#resource === null) this.#written = this.#takeWritten();
    this.#handle = 0;
  }

  /**
   * The connection is gone: what the kernel had taken is all right, the rest gets an error.
   *
   * @param {Error} [error] what was wrong with the transport
   */
  closed(error = createDestroyedError()) {
    this.#run(this.#written.splice(0), null);
    this.#run(this.#pairs.splice(0).filter(isCallback), error);
  }

  // Takes the callbacks of what the kernel has taken.
  #takeWritten() {
    const written = native.flush(this.#handle);
    let done = 0;
    while (done < this.#pairs.length && this.#pairs[done] <= written) done += 2;
    return this.#pairs.splice(0, done).filter(isCallback);
  }

  #run(callbacks, argument) {
    const resource = this.#resource;
    if (resource === null) {
      callEach(callbacks, argument);
      return;
    }
    if (this.#pairs.length === 0) {
      this.#resource = null;
      resource.emitDestroy();
    }
    resource.runInAsyncScope(callEach, null, callbacks, argument);
  }
}

const isCallback = (_, index) => index % 2 === 1;

module.exports = { WrittenCallbacks };
