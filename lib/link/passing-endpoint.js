'use strict';

const { kOnCompressed, kOnFailed, kOnOutput, kOnReleased, kOnWritten } = require('../symbols');

/**
 * What stands in front of a connection's endpoint for what its peer says: what happens to the transport,
 * and to what was sent, is the endpoint's at once.
 */
class PassingEndpoint {
  /** @param {Endpoint} endpoint see native/dispatch.js */
  constructor(endpoint) {
    /** The one behind it. */
    this.endpoint = endpoint;
  }

  [kOnWritten]() {
    this.endpoint[kOnWritten]();
  }

  [kOnOutput]() {
    this.endpoint[kOnOutput]();
  }

  [kOnCompressed]() {
    this.endpoint[kOnCompressed]();
  }

  [kOnFailed](status) {
    this.endpoint[kOnFailed](status);
  }

  [kOnReleased](socketHandle) {
    this.endpoint[kOnReleased](socketHandle);
  }
}

module.exports = { PassingEndpoint };
