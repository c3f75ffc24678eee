'use strict';

// With this many events waiting, nothing more is read until they are delivered.
const HIGH_WATER_MARK = 64;

/**
 * Stands between the dispatcher and a WebSocket whose `allowSynchronousEvents` is false: at most
 * one message, ping or pong a turn of the event loop, and everything else behind them in order.
 */
class DeferringEndpoint {
  _wantsText = false;
  #endpoint;
  #queue = [];
  #isScheduled = false;
  #setReading;
  #isReading = true;

  /**
   * @param {Object} endpoint what gets the events in the end
   * @param {function(Boolean)} setReading stops reading from the connection, or goes on
   */
  constructor(endpoint, setReading) {
    this.#endpoint = endpoint;
    this.#setReading = setReading;
  }

  #add(deferred, deliver) {
    if (!deferred && this.#queue.length === 0) {
      deliver();
      return;
    }
    this.#queue.push({ deferred, deliver });
    if (this.#isReading && this.#queue.length >= HIGH_WATER_MARK) {
      this.#isReading = false;
      this.#setReading(false);
    }
    this.#schedule();
  }

  #schedule() {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#deliverNext());
  }

  #deliverNext() {
    this.#isScheduled = false;
    const { deliver } = this.#queue.shift();
    try {
      deliver();
      while (this.#queue.length > 0 && !this.#queue[0].deferred) this.#queue.shift().deliver();
    } finally {
      if (!this.#isReading && this.#queue.length === 0) {
        this.#isReading = true;
        this.#setReading(true);
      }
      this.#schedule();
    }
  }

  _onMessage(data, isBinary, ends) {
    this.#add(true, () => this.#endpoint._onMessage(data, isBinary, ends));
  }

  _onPing(data) {
    this.#add(true, () => this.#endpoint._onPing(data));
  }

  _onPong(data) {
    this.#add(true, () => this.#endpoint._onPong(data));
  }

  _onPeerClose(code, reason) {
    this.#add(false, () => this.#endpoint._onPeerClose(code, reason));
  }

  _onProtocolError(index, detail, sentence) {
    this.#add(false, () => this.#endpoint._onProtocolError(index, detail, sentence));
  }

  _onPeerEnd() {
    this.#add(false, () => this.#endpoint._onPeerEnd());
  }

  _onWritten() {
    this.#endpoint._onWritten();
  }

  _onOutput() {
    this.#endpoint._onOutput();
  }

  _onCompressed() {
    this.#endpoint._onCompressed();
  }

  _onClosed() {
    this.#add(false, () => this.#endpoint._onClosed());
  }
}

module.exports = { DeferringEndpoint };
