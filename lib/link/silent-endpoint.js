'use strict';

const { NOOP } = require('../constants');
const { endpointOf, setEndpoint } = require('../native/dispatch');
const {
  kOnClosed,
  kOnCompressed,
  kOnFailed,
  kOnMessage,
  kOnOutput,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPiece,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnReleased,
  kOnText,
  kOnWritten,
  kWantsText
} = require('../symbols');

/**
 * Stands in front of the endpoint of a connection from whose socket a program has taken the listener
 * that gives the WebSocket its bytes: what the peer says reaches nobody, what happens to the transport
 * does.
 */
class SilentEndpoint {
  #endpoint;

  /** @param {Endpoint} endpoint see native/dispatch.js */
  constructor(endpoint) {
    this.#endpoint = endpoint;
  }

  /** The one behind it. */
  get endpoint() {
    return this.#endpoint;
  }

  get [kWantsText]() {
    return false;
  }

  [kOnPeerEnd]() {
    this.#endpoint[kOnPeerEnd]();
  }

  [kOnWritten]() {
    this.#endpoint[kOnWritten]();
  }

  [kOnOutput]() {
    this.#endpoint[kOnOutput]();
  }

  [kOnCompressed]() {
    this.#endpoint[kOnCompressed]();
  }

  [kOnFailed](status) {
    this.#endpoint[kOnFailed](status);
  }

  [kOnReleased](own) {
    this.#endpoint[kOnReleased](own);
  }

  [kOnClosed](status, own) {
    this.#endpoint[kOnClosed](status, own);
  }
}

for (const name of [
  kOnMessage,
  kOnPeerClose,
  kOnPiece,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnText
]) {
  Object.defineProperty(SilentEndpoint.prototype, name, { value: NOOP });
}

/**
 * Keeps what a connection's peer says from its WebSocket, or lets it through again.
 *
 * @param {Number} handle
 * @param {Boolean} isSilent
 */
function setSilent(handle, isSilent) {
  const endpoint = endpointOf(handle);
  if (endpoint === undefined || endpoint instanceof SilentEndpoint === isSilent) return;
  setEndpoint(handle, isSilent ? new SilentEndpoint(endpoint) : endpoint.endpoint);
}

module.exports = { setSilent };
