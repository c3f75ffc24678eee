'use strict';

const native = require('../native/addon');
const { context } = require('../native/dispatch');
const { isPlain, takeHandle } = require('./node-internals');
const { adoptSocketOf } = require('./node-socket');
const { usesStreams } = require('./transport');

/**
 * Takes the descriptor of a plain TCP or Unix socket over, so that its bytes pass through the addon
 * alone. The net.Socket lives on as the connection's.
 *
 * @param {WebSocket} ws whose connection it is to be
 * @param {Duplex} socket after the opening handshake
 * @param {Buffer} head what was read of it already
 * @param {Object} settings from settingsFor()
 * @return {Number} the addon's name for the connection; 0 where that cannot be, with nothing done
 */
function adoptSocket(ws, socket, head, settings) {
  const handle = takeDescriptor(socket, head, settings, ws._isServer);
  if (handle !== 0) adoptSocketOf(socket, handle, ws);
  return handle;
}

/**
 * The same for a socket of a server that nobody refers to: nothing of it remains.
 *
 * @param {net.Socket} socket
 * @param {Buffer} head
 * @param {Object} settings
 * @return {Number}
 */
function replaceSocket(socket, head, settings) {
  const handle = takeDescriptor(socket, head, settings, true);
  if (handle !== 0) takeHandle(socket);
  return handle;
}

function takeDescriptor(socket, head, settings, isServer) {
  if (usesStreams || !isPlain(socket)) return 0;
  socket.setTimeout(0);
  socket.setNoDelay();
  const { fd } = socket._handle;
  const isPipe = socket._handle.constructor.name === 'Pipe';
  const read = socket.readableLength > 0 ? socket.read(socket.readableLength) : null;
  const early = read === null ? head : Buffer.concat([head, read]);
  const received = socket.bytesRead;
  // Node's handle goes on reading until this has worked. It fails where descriptors have run out.
  const handle = native.adopt(context, settings, isServer, fd, isPipe, early, received);
  if (handle === 0) {
    if (read !== null) socket.unshift(read);
    return 0;
  }
  if (socket.isPaused()) native.pause(handle);
  if (!socket._handle.hasRef()) native.setRef(handle, false);
  return handle;
}

module.exports = { adoptSocket, replaceSocket };
