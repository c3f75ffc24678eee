'use strict';

const { Duplex } = require('stream');

/**
 * Wraps a WebSocket in a Duplex: what is written is sent as messages, and messages are read.
 *
 * @param {WebSocket} ws
 * @param {Object} [options] of the Duplex; with readableObjectMode, text comes as strings.
 *     autoDestroy, emitClose, objectMode and writableObjectMode are always false
 * @return {Duplex}
 */
function createWebSocketStream(ws, options) {
  // Whether destroying the stream drops the connection: not when it is ending by itself.
  let terminates = true;

  const whenOpen = (action) => {
    if (ws.readyState === ws.CONNECTING) ws.once('open', action);
    else action();
  };

  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,

    read() {
      if (ws.isPaused) ws.resume();
    },

    write(chunk, encoding, callback) {
      whenOpen(() => ws.send(chunk, callback));
    },

    final(callback) {
      whenOpen(() => finish(ws, duplex, callback));
    },

    destroy(error, callback) {
      const emitClose = () => process.nextTick(() => duplex.emit('close'));
      if (ws.readyState === ws.CLOSED) {
        callback(error);
        emitClose();
        return;
      }
      let isCalled = false;
      ws.once('error', (reason) => {
        isCalled = true;
        callback(reason);
      });
      ws.once('close', () => {
        if (!isCalled) callback(error);
        emitClose();
      });
      if (terminates) ws.terminate();
    }
  });

  ws.on('message', (message, isBinary) => {
    const data = !isBinary && duplex.readableObjectMode ? message.toString() : message;
    if (!duplex.push(data)) ws.pause();
  });
  // Of a message that comes as a stream, each piece.
  ws.on('stream', (stream) => {
    stream.on('data', (chunk) => {
      if (!duplex.push(chunk)) ws.pause();
    });
  });
  ws.once('error', (error) => {
    if (duplex.destroyed) return;
    // The connection closes itself, with a close frame that says why.
    terminates = false;
    duplex.destroy(error);
  });
  ws.once('close', () => {
    if (!duplex.destroyed) duplex.push(null);
  });

  duplex.on('end', () => {
    if (!duplex.destroyed && duplex.writableFinished) duplex.destroy();
  });
  duplex.on('error', function onError(error) {
    duplex.removeListener('error', onError);
    duplex.destroy();
    // Nobody else listens: it must not go unnoticed.
    if (duplex.listenerCount('error') === 0) duplex.emit('error', error);
  });
  return duplex;
}

// The writable side has ended: closes the connection, and calls back when ours has been ended.
function finish(ws, duplex, callback) {
  const socket = ws._socket;
  // Without a socket the handshake has failed, and an error is on its way.
  if (socket === null) return;
  if (socket.writableFinished || ws.readyState === ws.CLOSED) {
    callback();
    if (duplex.readableEnded) duplex.destroy();
  } else {
    socket.once('finish', () => callback());
    ws.close();
  }
}

module.exports = createWebSocketStream;
