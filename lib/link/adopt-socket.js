'use strict';

const net = require('net');

const native = require('../native/addon');
const { adoptSocketOf, closeHandleOf } = require('./connection-socket');
const { context } = require('../native/dispatch');

// What a program may have put in the way of a socket's bytes.
const METHODS = ['destroy', 'emit', 'end', 'pause', 'push', 'read', 'resume', 'write'];

/**
 * Takes the descriptor of a plain TCP or Unix socket over, so that its bytes pass through the addon
 * alone. The net.Socket lives on as the connection's.
 *
 * @param {Duplex} socket after the opening handshake
 * @param {Buffer} head what was read of it already
 * @param {Object} settings from settingsFor()
 * @param {Boolean} isServer
 * @return {Number} the addon's name for the connection; 0 where that cannot be, with nothing done
 */
function adoptSocket(socket, head, settings, isServer) {
  const handle = takeDescriptor(socket, head, settings, isServer);
  if (handle !== 0) adoptSocketOf(socket, handle);
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
  if (handle !== 0) closeHandleOf(socket);
  return handle;
}

function takeDescriptor(socket, head, settings, isServer) {
  if (!isPlain(socket)) return 0;
  socket.setTimeout(0);
  socket.setNoDelay();
  socket._handle.readStop();
  const { fd } = socket._handle;
  const isPipe = socket._handle.constructor.name === 'Pipe';
  const read = socket.readableLength > 0 ? socket.read(socket.readableLength) : null;
  const early = read === null ? head : Buffer.concat([head, read]);
  const received = socket.bytesRead;
  const handle = native.adopt(context, settings, isServer, fd, isPipe, early, received);
  if (handle === 0 && read !== null) socket.unshift(read);
  return handle;
}

// Whether a stream is nothing but a socket of Node's, with nothing on its way and nobody else who
// reads from it.
function isPlain(socket) {
  if (Object.getPrototypeOf(socket) !== net.Socket.prototype) return false;
  const handle = socket._handle;
  const name = handle?.constructor?.name;
  return (
    (name === 'TCP' || name === 'Pipe') &&
    handle.fd >= 0 &&
    !socket.connecting &&
    !socket.destroyed &&
    socket.readable &&
    socket.writable &&
    !socket.readableEnded &&
    socket.writableLength === 0 &&
    socket.listenerCount('data') === 0 &&
    socket.listenerCount('readable') === 0 &&
    METHODS.every((method) => !Object.hasOwn(socket, method))
  );
}

module.exports = { adoptSocket, replaceSocket };
