'use strict';

// nodejs-websocket 1.7 on this package: `require('wsuv/nodejs-websocket')`.

const { connect } = require('./client');
const Connection = require('./connection');
const { setBinaryFragmentation, setMaxBufferLength } = require('./limits');
const Server = require('./server');

/**
 * Makes a server.
 *
 * @param {Object} [options] see Server, and
 * @param {Boolean} [options.secure] whether it speaks TLS
 * @param {Function} [callback] for 'connection'
 * @return {Server}
 */
function createServer(options, callback) {
  return new Server(Boolean(options?.secure), options, callback);
}

module.exports = {
  Connection,
  Server,
  connect,
  createServer,
  setBinaryFragmentation,
  setMaxBufferLength
};
