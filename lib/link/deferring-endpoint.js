'use strict';

const { PassingEndpoint } = require('./passing-endpoint');
const { FlatQueue } = require('../flat-queue');
const { setImmediate } = require('../native/realm');
const {
  kOnClosed,
  kOnMessage,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnStream,
  kWantsText
} = require('../symbols');

// With this many events waiting, nothing more is read until they are delivered: what is still being
// worked off is one batch of the addon's, and what was read before waits there.
const HIGH_WATER_MARK = 16;
// Values of an event in the queue: whether it takes a turn of its own, the method, its arguments.
const VALUES = 5;

/**
 * Stands between the dispatcher and a WebSocket whose `allowSynchronousEvents` is false: at most
 * one message, ping or pong a turn of the event loop, and everything else behind them in order.
 */
class DeferringEndpoint extends PassingEndpoint {
  [kWantsText] = false;
  #queue = new FlatQueue(VALUES);
  #isScheduled = false;
  #setReading;
  #isReading = true;

  /**
   * @param {Object} endpoint what gets the events in the end
   * @param {function(Boolean)} setReading stops reading from the connection, or goes on
   */
  constructor(endpoint, setReading) {
    super(endpoint);
    this.#setReading = setReading;
  }

  #add(isDeferred, method, first, second, third) {
    if (!isDeferred && this.#queue.length === 0) {
      this.endpoint[method](first, second, third);
      return;
    }
    this.#queue.push(isDeferred, method, first, second, third);
    if (this.#isReading && this.#queue.length >= HIGH_WATER_MARK) {
      this.#isReading = false;
      this.#setReading(false);
    }
    this.#schedule();
  }

  #schedule() {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    // The one of the program's realm, as under ws; there are realms without one.
    const later = globalThis.setImmediate ?? setImmediate;
    later(() => this.#deliverTurn());
  }

  // Delivers one event, and what behind it needs no turn of its own.
  #deliverTurn() {
    this.#isScheduled = false;
    try {
      if (this.#queue.length > 0) this.#deliverNext();
      while (this.#queue.length > 0 && !this.#queue.head) this.#deliverNext();
    } finally {
      if (!this.#isReading && this.#queue.length === 0) {
        this.#isReading = true;
        this.#setReading(true);
      }
      this.#schedule();
    }
  }

  #deliverNext() {
    const [, method, first, second, third] = this.#queue.shift();
    this.endpoint[method](first, second, third);
  }

  [kOnMessage](data, isBinary, ends) {
    this.#add(true, kOnMessage, data, isBinary, ends);
  }

  [kOnStream](stream, isBinary) {
    this.#add(true, kOnStream, stream, isBinary);
  }

  [kOnPing](data) {
    this.#add(true, kOnPing, data);
  }

  [kOnPong](data) {
    this.#add(true, kOnPong, data);
  }

  [kOnPeerClose](code, reason) {
    this.#add(false, kOnPeerClose, code, reason);
  }

  [kOnProtocolError](index, detail, sentence) {
    this.#add(false, kOnProtocolError, index, detail, sentence);
  }

  [kOnPeerEnd]() {
    this.#add(false, kOnPeerEnd);
  }

  [kOnClosed](status, socketHandle) {
    this.#add(false, kOnClosed, status, socketHandle);
  }
}

module.exports = { DeferringEndpoint };
