'use strict';

const { NOOP } = require('../constants');
const { PassingEndpoint } = require('./passing-endpoint');
const { endpointOf, setEndpoint } = require('../native/dispatch');
const {
  kOnClosed,
  kOnMessage,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPiece,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnText,
  kWantsText
} = require('../symbols');

/**
 * Stands in front of the endpoint of a connection from whose socket a program has taken the listener
 * that gives the WebSocket its bytes: what the peer says reaches nobody, what happens to the transport
 * does.
 */
class SilentEndpoint extends PassingEndpoint {
  get [kWantsText]() {
    return false;
  }

  [kOnPeerEnd]() {
    this.endpoint[kOnPeerEnd]();
  }

  [kOnClosed](status, socketHandle) {
    this.endpoint[kOnClosed](status, socketHandle);
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
