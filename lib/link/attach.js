'use strict';

const native = require('../native/addon');
const { kUseLink } = require('../symbols');
const { adoptSocket } = require('./adopt-socket');
const { claim } = require('./claimed-sockets');
const { acceptSocketOf, handleOf } = require('./node-socket');
const { StreamLink } = require('./stream-link');

/**
 * Makes a stream the connection of a WebSocket: this is where it is decided who moves its bytes. A
 * WebSocket whose link is not the one that all begin with is told (kUseLink).
 *
 * @param {WebSocket} ws
 * @param {Duplex} socket after the opening handshake
 * @param {Buffer} head what was read of it already
 * @param {Object} settings from settingsFor()
 * @return {Number} the addon's name for the connection
 */
function attach(ws, socket, head, settings) {
  claim(socket);
  const socketHandle = handleOf(socket);
  if (socketHandle !== undefined && !socketHandle.isDecided) {
    // Of a server's own port: the addon has it already.
    native.acceptWith(socketHandle.id, settings, '');
    acceptSocketOf(socket, ws);
    return socketHandle.id;
  }
  const handle = adoptSocket(ws, socket, head, settings);
  if (handle !== 0) return handle;
  const link = new StreamLink(ws, socket, head, settings);
  ws[kUseLink](link);
  return link.handle;
}

module.exports = { attach };
