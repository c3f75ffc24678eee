'use strict';

const native = require('../native/addon');
const { EMPTY_BUFFER } = require('../constants');
const { nextTick, setImmediate } = require('../native/realm');
const { createTransportError } = require('../native/transport-errors');
const { WrittenCallbacks } = require('../sending/written-callbacks');
const { kRare } = require('../symbols');
const { ConnectionHandle } = require('./connection-handle');
const { leaveServer } = require('./node-internals');
const { brokenSocket, endedSocket, socketOf } = require('./node-socket');

// The callbacks that wait for the kernel, by handle.
const waiting = new Map();

/**
 * Who moves the bytes of a connection. There are two: this one, for all connections whose descriptor
 * the addon has, and a StreamLink for each of the others. Both have the same methods.
 *
 * Frames are queued by the addon's functions whoever moves them; pump() follows.
 */
class NativeLink {
  /**
   * Something was queued, which leaves by itself.
   *
   * @param {Number} handle
   * @param {Function} [callback] called when the kernel has taken it, or with an error
   */
  pump(handle, callback) {
    if (callback !== undefined) this.#whenWritten(handle, callback);
  }

  /**
   * The same for what takes ws some time to make.
   *
   * @param {Number} handle
   * @param {Function} [callback]
   */
  pumpLater(handle, callback) {
    this.pump(handle, callback);
  }

  #whenWritten(handle, callback) {
    let callbacks = waiting.get(handle);
    if (callbacks === undefined) {
      callbacks = new WrittenCallbacks(handle);
      waiting.set(handle, callbacks);
    }
    callbacks.push(callback);
  }

  /**
   * The bytes that were queued and not taken, after the kernel was offered them.
   *
   * @param {Number} handle
   * @return {Number}
   */
  buffered(handle) {
    if (handle === 0) return 0;
    const waiting = native.enqueued(handle) - native.flush(handle);
    // What a write has failed with waits no longer.
    return waiting === 0 || native.writeFailure(handle) === 0 ? waiting : 0;
  }

  /**
   * Calls back when everything was taken that is queued, or with an error.
   *
   * @param {Number} handle
   * @param {Function} callback
   */
  whenTaken(handle, callback) {
    this.#whenWritten(handle, callback);
  }

  /**
   * Whether everything was taken that is queued.
   *
   * @param {Number} handle
   * @return {Boolean}
   */
  isTaken(handle) {
    return native.enqueued(handle) === native.flush(handle);
  }

  /**
   * Stops reading.
   *
   * @param {Number} handle
   * @param {Boolean} isStrict whether what was read and not parsed waits as well, as it always does
   *     here
   */
  pause(handle) {
    (ConnectionHandle.existing(handle)?.socket ?? native).pause(handle);
  }

  /** Goes on. */
  resume(handle) {
    (ConnectionHandle.existing(handle)?.socket ?? native).resume(handle);
  }

  /** Takes bytes as if the peer had sent them. */
  feed(handle, chunk) {
    native.feed(handle, chunk);
  }

  /** Whether nothing can be written any more. */
  isDestroyed(handle) {
    return handle === 0 || native.isDestroyed(handle);
  }

  /** The addon ends our side behind what is queued: whoever has the socket sees it end then. */
  ended(handle) {
    const socketHandle = ConnectionHandle.existing(handle);
    if (socketHandle === undefined) return;
    this.#whenWritten(handle, (error) => {
      if (!error) socketHandle.socket.end();
    });
  }

  /** The peer has ended its side. */
  peerEnded(handle) {
    ConnectionHandle.existing(handle)?.peerEnded();
  }

  /** The transport is broken; there is more to come of what was read. */
  failed(handle, error) {
    ConnectionHandle.existing(handle)?.failed(error);
  }

  /** Drops the connection. */
  terminate(handle) {
    const socketHandle = ConnectionHandle.existing(handle);
    if (socketHandle !== undefined) socketHandle.socket.destroy();
    else native.terminate(handle);
  }

  /** The kernel has taken more. */
  written(handle) {
    waiting.get(handle)?.callWritten();
    ConnectionHandle.existing(handle)?.written();
  }

  /** There is output, for those who move it themselves. */
  output() {}

  /**
   * The connection is over, and the addon's name for it about to become invalid.
   *
   * @param {Number} handle
   * @return {(WrittenCallbacks|undefined)} the callbacks of what was sent, where there are some
   */
  release(handle) {
    const callbacks = waiting.get(handle);
    if (callbacks === undefined) return undefined;
    waiting.delete(handle);
    callbacks.release();
    return callbacks;
  }

  /**
   * The connection is over, and its socket closes.
   *
   * @param {(ConnectionHandle|undefined)} socketHandle that of its socket, if there is one
   * @param {(http.Server|null)} server which counts the connection, where it has no socket that would
   *     tell it
   * @param {Object} hearers who is to hear of it
   * @param {function()} hearers.senders whoever waits for what he has sent
   * @param {function()} hearers.afterSocket everybody else, when the socket has closed
   * @param {function()} hearers.atOnce the same where there is none
   * @param {Error} [error] what was wrong with the transport
   */
  closed(socketHandle, server, { senders, afterSocket, atOnce }, error) {
    if (socketHandle !== undefined) {
      // Behind the 'error' of the socket, and in front of its 'close'.
      socketHandle.closed(error, afterSocket);
      nextTick(senders);
      return;
    }
    try {
      senders();
    } finally {
      if (server === null) {
        atOnce();
      } else {
        // It takes as long as if there were one.
        leaveServer(server);
        setImmediate(afterSocket);
      }
    }
  }

  /**
   * The socket of a connection, made when it is asked for.
   *
   * @param {Number} handle 0 for one that is over
   * @param {(http.Server|null)} server
   * @param {WebSocket} ws
   * @return {net.Socket}
   */
  socketOf(handle, server, ws) {
    if (handle !== 0) return socketOf(handle, server, ws);
    const { failure } = ws[kRare];
    return failure === 0 ? endedSocket() : brokenSocket(createTransportError(failure));
  }

  /** Takes the place of this one when a program has ended the socket. */
  get afterEnd() {
    return endedLink;
  }
}

/** The same for a connection whose socket was ended: what is sent is a write after the end. */
class EndedLink extends NativeLink {
  pump(handle, callback) {
    const socketHandle = ConnectionHandle.existing(handle);
    if (socketHandle === undefined) {
      super.pump(handle, callback);
      return;
    }
    // In two pieces, as ws writes a frame: so the socket's 'error' comes before the callback.
    socketHandle.socket.write(EMPTY_BUFFER);
    socketHandle.socket.write(EMPTY_BUFFER, callback);
  }

  whenTaken(handle, callback) {
    this.pump(handle, callback);
  }
}

const endedLink = new EndedLink();

module.exports = { nativeLink: new NativeLink() };
