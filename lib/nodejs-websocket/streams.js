'use strict';

const { Readable, Writable } = require('stream');

const { EMPTY_BUFFER } = require('../constants');
const { kBinaryAborted, kBinarySent, kSendFragment } = require('./symbols');

/** A binary message that came whole. */
class InStream extends Readable {
  _read() {}
}

/** Bytes that are collected in memory that grows with them, in however many pieces they come. */
class Collected {
  #buffer = EMPTY_BUFFER;
  #size = 0;

  get size() {
    return this.#size;
  }

  /** Copies a piece, which may be changed afterwards. */
  add(chunk) {
    const size = this.#size + chunk.length;
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#size);
    this.#size = size;
  }

  /** All of it; nothing is left. */
  take() {
    const bytes = this.#buffer.subarray(0, this.#size);
    this.#buffer = EMPTY_BUFFER;
    this.#size = 0;
    return bytes;
  }
}

/** A binary message that is being sent, in fragments of a size that limits.js knows. */
class OutStream extends Writable {
  #connection;
  #fragmentSize;
  // What waits for the next fragment.
  #waiting = new Collected();
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
      connection[kSendFragment](this.#waiting.take(), true, ignore);
      connection[kBinarySent](this);
    });
  }

  _write(chunk, encoding, callback) {
    if (this.#waiting.size + chunk.length < this.#fragmentSize) {
      this.#waiting.add(chunk);
      callback();
      return;
    }
    let fragment = chunk;
    if (this.#waiting.size > 0) {
      this.#waiting.add(chunk);
      fragment = this.#waiting.take();
    }
    this.#hasBegun = true;
    this.#connection[kSendFragment](fragment, false, (error) => {
      if (error) breakOff(this, error);
      else callback();
    });
  }

  _destroy(error, callback) {
    this.#waiting.take();
    this.#connection[kBinarySent](this);
    if (this.#hasBegun && !this.writableFinished) this.#connection[kBinaryAborted]();
    callback(error);
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

/**
 * Reads a text that comes in pieces.
 *
 * @param {Readable} stream
 * @param {Number} limit the longest that is taken
 * @param {function(String)} onText
 * @param {function()} onTooLong the stream has been destroyed
 */
function readText(stream, limit, onText, onTooLong) {
  const collected = new Collected();
  stream.on('data', (chunk) => {
    if (collected.size + chunk.length <= limit) {
      collected.add(chunk);
      return;
    }
    stream.destroy();
    onTooLong();
  });
  stream.on('end', () => onText(collected.take().toString()));
}

module.exports = { InStream, OutStream, breakOff, readText };
