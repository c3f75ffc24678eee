'use strict';

const { createIncompleteError } = require('../errors');
const { PassingEndpoint } = require('../link/passing-endpoint');
const { FlatQueue } = require('../flat-queue');
const { createProtocolError } = require('../native/protocol-errors');
const { nextTick } = require('../native/realm');
const {
  kOnClosed,
  kOnMessage,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPiece,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnStream,
  kOnText,
  kWantsText
} = require('../symbols');
const { IncomingStream } = require('./incoming-stream');

// Values of an event in the queue: the method, and its arguments.
const VALUES = 5;

/**
 * Stands between the dispatcher and a WebSocket with a `streamThreshold`: makes streams of messages
 * that come in pieces. What follows a stream waits until that has been read to its end, and while
 * something waits, nothing is read from the connection.
 */
class IncomingStreams extends PassingEndpoint {
  #setReading;
  #isReading = true;
  #setLending;
  // The message that comes in pieces, until it has come and was read.
  #stream = null;
  #isComplete = false;
  // Whether as much of it waits to be read as should at most.
  #isFull = false;
  // Events that wait.
  #queue = new FlatQueue(VALUES);
  #isScheduled = false;
  #isOver = false;

  /**
   * @param {Endpoint} endpoint what gets the events in the end; of messages that come in pieces,
   *     kOnStream(stream, isBinary)
   * @param {function(Boolean)} setReading stops reading from the connection, or goes on
   * @param {function(Boolean)} setLending says whether pieces may be lent: see kOnPiece
   */
  constructor(endpoint, setReading, setLending) {
    super(endpoint);
    this.#setReading = setReading;
    this.#setLending = setLending;
  }

  get [kWantsText]() {
    return this.endpoint[kWantsText];
  }

  // Whether the message in front has to be read first. When the connection is over nothing more does.
  get #isBlocked() {
    return !this.#isOver && this.#isComplete && this.#stream !== null;
  }

  get #isWaiting() {
    return this.#queue.length > 0;
  }

  // Whether what comes goes on at once.
  get #isFree() {
    return !this.#isBlocked && !this.#isWaiting;
  }

  #add(method, first, second, third, fourth) {
    if (this.#isFree) {
      this.#run(method, first, second, third, fourth);
      return;
    }
    this.#queue.push(method, first, second, third, fourth);
    this.#update();
  }

  #run(method, first, second, third, fourth) {
    if (method === kOnPiece) {
      this.#take(first, second, third, fourth, false);
      return;
    }
    if (ENDS.has(method) && this.#stream !== null && !this.#isComplete) {
      const stream = this.#stream;
      this.#stream = null;
      this.#isFull = false;
      stream.abort(
        method === kOnProtocolError
          ? createProtocolError(first, second, third)
          : createIncompleteError()
      );
    }
    this.endpoint[method](first, second, third);
  }

  #take(data, isBinary, isFirst, isLast, isLent) {
    if (isFirst) this.#stream = new IncomingStream(this);
    const stream = this.#stream;
    // After an end, nothing more is expected; and what was destroyed is thrown away.
    if (stream === null) return;
    this.#isComplete = isLast;
    try {
      if (data.length > 0 && !stream.destroyed && !stream.passOn(data)) {
        stream.push(isLent ? copyOf(data) : data);
      }
    } finally {
      try {
        if (isLast && !stream.destroyed) stream.push(null);
      } finally {
        if (isLast && stream.destroyed) this.#stream = null;
        this.#isFull = !stream.destroyed && stream.isFull;
        this.#update();
        if (isFirst) this.endpoint[kOnStream](stream, isBinary);
      }
    }
  }

  // Reads from the connection, or does not, as things are.
  #update() {
    const isUnread = this.#isBlocked && this.#stream.readableLength > 0;
    const isReading = this.#isOver || !(this.#isFull || isUnread || this.#isWaiting);
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    this.#setReading(isReading);
  }

  /** More of the message is wanted. */
  onWanted(stream) {
    if (stream !== this.#stream) return;
    this.#isFull = false;
    this.#update();
  }

  /** Its pieces are passed on at once, or not any more. */
  onPassing(stream, isPassing) {
    if (stream === this.#stream && !this.#isOver) this.#setLending(isPassing);
  }

  /** The message was read to its end, or is of no interest any more. */
  onOver(stream) {
    if (stream !== this.#stream) return;
    this.onPassing(stream, false);
    this.#isFull = false;
    if (this.#isComplete) this.#stream = null;
    if (this.#isWaiting) this.#schedule();
    else this.#update();
  }

  // Behind whatever runs now.
  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => this.#goOn());
  }

  // Delivers what waits, up to the next message that has to be read first.
  #goOn() {
    this.#isScheduled = false;
    try {
      while (this.#isWaiting && !this.#isBlocked) this.#run(...this.#queue.shift());
    } finally {
      if (this.#isWaiting && !this.#isBlocked) this.#schedule();
      this.#update();
    }
  }

  [kOnPiece](data, isBinary, isFirst, isLast, isLent) {
    if (this.#isFree) this.#take(data, isBinary, isFirst, isLast, isLent);
    else this.#add(kOnPiece, isLent ? copyOf(data) : data, isBinary, isFirst, isLast);
  }

  [kOnMessage](data, isBinary, ends) {
    this.#add(kOnMessage, data, isBinary, ends);
  }

  [kOnText](text) {
    this.#add(kOnText, text);
  }

  [kOnPing](data) {
    this.#add(kOnPing, data);
  }

  [kOnPong](data) {
    this.#add(kOnPong, data);
  }

  [kOnPeerClose](code, reason) {
    this.#add(kOnPeerClose, code, reason);
  }

  [kOnProtocolError](index, detail, sentence) {
    this.#add(kOnProtocolError, index, detail, sentence);
  }

  [kOnPeerEnd]() {
    this.#add(kOnPeerEnd);
  }

  // What was read before comes first, whether anybody has read the streams in front of it or not:
  // they have all that they will ever have.
  [kOnClosed](status, socketHandle) {
    this.#isOver = true;
    this.#queue.push(kOnClosed, status, socketHandle, undefined, undefined);
    this.#goOn();
  }
}

// Memory of its own, and not a part of what Node shares out.
function copyOf(data) {
  const copy = Buffer.allocUnsafeSlow(data.length);
  copy.set(data);
  return copy;
}

// Events behind which no more of a message comes.
const ENDS = new Set([kOnClosed, kOnPeerClose, kOnPeerEnd, kOnProtocolError]);

/**
 * Gives a message to those who listen for 'stream'. Where nobody does, or who does throws before he
 * reads, nobody ever would: it is thrown away, and what follows it comes.
 *
 * @param {WebSocket} ws
 * @param {IncomingStream} stream
 * @param {Boolean} isBinary
 */
function offer(ws, stream, isBinary) {
  if (stream.destroyed) return;
  let isTaken = false;
  try {
    isTaken = ws.emit('stream', stream, isBinary);
  } finally {
    isTaken ||= stream.readableFlowing !== null;
    if (!isTaken) stream.destroy();
  }
}

module.exports = { IncomingStreams, offer };
