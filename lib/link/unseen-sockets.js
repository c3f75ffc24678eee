'use strict';

// Under an HTTP server each connection has a net.Socket, which with its streams' states is more than
// all the rest of an idle WebSocket. Mostly nobody ever looks at it. Where it is certain that no code
// but Node's and this package's has got to know the socket of an upgrade, it need not live on: another
// one can be made when somebody asks, and nobody can tell the difference.

const diagnostics = require('diagnostics_channel');
const http = require('http');

const kUpgrade = Symbol('wsuv.upgrade');

const socketChannel = diagnostics.channel('net.server.socket');
// The listeners for 'upgrade' that are this package's own.
const ownListeners = new WeakSet();
// The events of a server that show sockets to their listeners.
const TELLING = ['connection', 'upgrade', 'timeout'];

/**
 * What `req.socket` refers to during an upgrade, and whether anybody has asked.
 *
 * @typedef {Object} Upgrade
 * @property {(net.Socket|null)} socket the one that Node made; null when it is gone
 * @property {(WebSocket|null)} ws what has the socket then
 * @property {Boolean} wasSeen
 */

function getSocket() {
  const upgrade = this[kUpgrade];
  if (upgrade.ws !== null) return upgrade.ws._socket;
  upgrade.wasSeen = true;
  return upgrade.socket;
}

function define(name) {
  return {
    configurable: true,
    enumerable: true,
    get: getSocket,
    set(value) {
      Object.defineProperty(this, name, {
        configurable: true,
        enumerable: true,
        value,
        writable: true
      });
    }
  };
}

const ACCESSORS = { socket: define('socket'), client: define('client') };

/** Knows of the sockets of one HTTP server which of them somebody may have got to see. */
class UnseenSockets {
  #server;
  #isWatched;
  #onNewListener = (event, listener) => {
    if (TELLING.includes(event) && !ownListeners.has(listener)) this.#isWatched = true;
  };

  /**
   * @param {EventEmitter} server whose 'upgrade' this package listens to; any server, though only
   *     http.Server's sockets are ever unseen
   */
  constructor(server) {
    this.#server = server;
    this.#isWatched = !isPristine(server);
    if (!this.#isWatched) server.on('newListener', this.#onNewListener);
  }

  /** Stops listening to the server. */
  stop() {
    this.#isWatched = true;
    this.#server.removeListener('newListener', this.#onNewListener);
  }

  /**
   * To be called first of all for an upgrade: from now on it is noted if somebody asks the request
   * for its socket.
   *
   * @param {http.IncomingMessage} req
   * @param {Duplex} socket
   */
  begin(req, socket) {
    if (!this.#isUnseen(socket) || Object.getPrototypeOf(req) !== http.IncomingMessage.prototype) {
      return;
    }
    req[kUpgrade] = { socket, ws: null, wasSeen: false };
    Object.defineProperties(req, ACCESSORS);
  }

  /**
   * Whether nobody can know the socket of a request that begin() was called for.
   *
   * @param {http.IncomingMessage} req
   * @return {Boolean}
   */
  has(req) {
    const upgrade = req[kUpgrade];
    return upgrade !== undefined && !upgrade.wasSeen && this.#isUnseen(upgrade.socket);
  }

  #isUnseen(socket) {
    return (
      !this.#isWatched &&
      !socketChannel.hasSubscribers &&
      !Object.hasOwn(this.#server, 'emit') &&
      socket._server === this.#server &&
      // No request came before, whose handler saw the socket; if one did and has no answer yet, the
      // response listens for 'close'.
      socket.bytesWritten === 0 &&
      socket.listenerCount('close') === 0
    );
  }
}

// Whether nobody has seen a socket of this server yet.
function isPristine(server) {
  return (
    server instanceof http.Server &&
    typeof server._emitCloseIfDrained === 'function' &&
    server._connections === 0 &&
    server.listenerCount('connection') === 1 && // Node's.
    server.listenerCount('timeout') === 0 &&
    server.listeners('upgrade').every((listener) => ownListeners.has(listener))
  );
}

/**
 * Tells this package's listeners for 'upgrade' from those of others.
 *
 * @param {Function} listener
 * @return {Function} the same
 */
function asOwnListener(listener) {
  ownListeners.add(listener);
  return listener;
}

/**
 * The socket of a request, for code that keeps it to itself.
 *
 * @param {http.IncomingMessage} req
 * @return {Duplex}
 */
function peekAtSocket(req) {
  return req[kUpgrade]?.socket ?? req.socket;
}

/**
 * The socket that Node made is gone: from now on `req.socket` is the WebSocket's.
 *
 * @param {http.IncomingMessage} req
 * @param {WebSocket} ws
 */
function forgetSocket(req, ws) {
  const upgrade = req[kUpgrade];
  upgrade.ws = ws;
  upgrade.socket = null;
}

module.exports = { UnseenSockets, asOwnListener, forgetSocket, peekAtSocket };
