'use strict';

const { Readable, Writable } = require('stream');

const { EMPTY_BUFFER } = require('../constants');
const { kBinaryAborted, kBinarySent, kSendFragment } = require('./symbols');

/** A binary message that came. */
class InStream extends Readable {
  _read() {}
}

/** A binary message that is being sent, in fragments of a size that limits.js knows. */
class OutStream extends Writable {
  #connection;
  #fragmentSize;
  // What waits for the next fragment.
  #buffer = EMPTY_BUFFER;
  #size = 0;
  #hasBegun = false;

  /**
   * @param {Connection} connection
   * @param {Number} fragmentSize how much is collected, at least, for each fragment
   */
  constructor(connection, fragmentSize) {
    super();
    this.#connection = connection;
    this.#fragmentSize = fragmentSize;
    this.on('finish', () => {
      connection[kSendFragment](this.#take(), true, ignore);
      connection[kBinarySent](this);
    });
  }

  _write(chunk, encoding, callback) {
    if (this.#size + chunk.length < this.#fragmentSize) {
      this.#keep(chunk);
      callback();
      return;
    }
    let fragment = chunk;
    if (this.#size > 0) {
      this.#keep(chunk);
      fragment = this.#take();
    }
    this.#hasBegun = true;
    this.#connection[kSendFragment](fragment, false, (error) => {
      if (error) breakOff(this, error);
      else callback();
    });
  }

  _destroy(error, callback) {
    this.#take();
    this.#connection[kBinarySent](this);
    if (this.#hasBegun && !this.writableFinished) this.#connection[kBinaryAborted]();
    callback(error);
  }

  // Copies it, since whoever wrote it may use its memory for something else afterwards.
  #keep(chunk) {
    const size = this.#size + chunk.length;
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#size);
    this.#size = size;
  }

  #take() {
    const bytes = this.#buffer.subarray(0, this.#size);
    this.#buffer = EMPTY_BUFFER;
    this.#size = 0;
    return bytes;
  }
}

function ignore() {}

/**
 * Ends a stream that will not get to its end, with an error. Nobody has to listen for it: a peer that
 * goes is no reason to end the process. (That somebody listens says nothing. pipe() does, and throws
 * what nobody else has heard.)
 *
 * @param {(Readable|Writable)} stream
 * @param {Error} error
 */
function breakOff(stream, error) {
  stream.on('error', ignore).destroy(error);
}

module.exports = { InStream, OutStream, breakOff };
