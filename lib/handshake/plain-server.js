'use strict';

const http = require('http');

const { answerPlainRequest } = require('./response');

// How many times http looks for late requests while the time-out of one runs.
const CHECKS = 4;

/**
 * The server of Node's that listens at a port where the addon does not: in the workers of a cluster,
 * and where sockets are left with Node. It keeps to the same options.
 *
 * @param {Object} options handshakeTimeout, maxHeaderSize and maxHeadersCount; Node's own limits
 *     where they are not there
 * @return {http.Server} one that answers plain requests, and listens for no upgrades
 */
function createPlainServer({ handshakeTimeout, maxHeaderSize, maxHeadersCount }) {
  const settings = {};
  if (maxHeaderSize) settings.maxHeaderSize = maxHeaderSize;
  if (handshakeTimeout !== undefined) {
    settings.headersTimeout = settings.requestTimeout = handshakeTimeout;
    if (handshakeTimeout > 0) {
      settings.connectionsCheckingInterval = Math.ceil(handshakeTimeout / CHECKS);
    }
  }
  const server = http.createServer(settings, answerPlainRequest);
  if (maxHeadersCount !== undefined) server.maxHeadersCount = maxHeadersCount;
  return server;
}

module.exports = { createPlainServer };
