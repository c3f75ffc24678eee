'use strict';

// The streams that are WebSockets' already, so that a second handleUpgrade() can be told. A property
// of the stream, since it is to be seen through a Proxy around the stream, too.
const kClaimed = Symbol('wsuv.claimed');

/**
 * A WebSocket has got a stream.
 *
 * @param {Duplex} stream
 */
function claim(stream) {
  Object.defineProperty(stream, kClaimed, { value: true, configurable: true });
}

/**
 * @param {Duplex} stream
 * @return {Boolean} whether some WebSocket has got it
 */
function isClaimed(stream) {
  return stream[kClaimed] === true;
}

module.exports = { claim, isClaimed };
