'use strict';

/** Answers pings, and gives up on a peer that does not read the answers. */
class AutoPong {
  #ws;
  #limit;
  #pending = 0;

  /**
   * @param {WebSocket} ws
   * @param {Number} limit answers that may wait to be sent; 0 is off
   */
  constructor(ws, limit) {
    this.#ws = ws;
    this.#limit = limit;
  }

  /**
   * @param {Buffer} data of the ping
   */
  answer(data) {
    if (this.#limit > 0 && this.#pending >= this.#limit) {
      this.#ws.terminate();
      return;
    }
    this.#pending++;
    this.#ws.pong(data, !this.#ws._isServer, () => this.#pending--);
  }
}

module.exports = { AutoPong };
