'use strict';

// Under an HTTP server each connection has a net.Socket, which with its streams' states is more than
// all the rest of an idle WebSocket. Mostly nobody ever looks at it. Where it is certain that no code
// but Node's and this package's has got to know the socket of an upgrade, it need not live on: another
// one can be made when somebody asks, and nobody can tell the difference. Where anything is not
// exactly as Node leaves it, the socket stays.

const diagnostics = require('diagnostics_channel');
const http = require('http');

const { hasOwnUpgradeCallback, isAsNodeLeftIt, isOrdinaryServer } = require('./node-internals');

const kUpgrade = Symbol('wsuv.upgrade');

const socketChannel = diagnostics.channel('net.server.socket');
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
  #ownListener;
  #upgradeCallback;
  #isWatched;
  #onNewListener = (event, listener) => {
    if (TELLING.includes(event) && listener !== this.#ownListener) this.#isWatched = true;
  };

  /**
   * @param {EventEmitter} server any server, though only http.Server's sockets are ever unseen
   * @param {Function} ownListener the one for 'upgrade' that is to be added to it
   */
  constructor(server, ownListener) {
    this.#server = server;
    this.#ownListener = ownListener;
    this.#upgradeCallback = server.shouldUpgradeCallback;
    this.#isWatched =
      !isOrdinaryServer(server) ||
      !hasOwnUpgradeCallback(server) ||
      server._connections > 0 ||
      server.listenerCount('upgrade') > 0;
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
    if (
      !this.#mayBeUnseen(socket) ||
      Object.getPrototypeOf(req) !== http.IncomingMessage.prototype
    ) {
      return;
    }
    // Not enumerable, so that util.inspect() does not show it.
    Object.defineProperty(req, kUpgrade, { value: { socket, ws: null, wasSeen: false } });
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
    return (
      upgrade !== undefined &&
      !upgrade.wasSeen &&
      this.#mayBeUnseen(upgrade.socket) &&
      isAsNodeLeftIt(upgrade.socket, this.#server)
    );
  }

  #mayBeUnseen(socket) {
    return (
      !this.#isWatched &&
      !socketChannel.hasSubscribers &&
      isOrdinaryServer(this.#server) &&
      this.#server.shouldUpgradeCallback === this.#upgradeCallback &&
      this.#server.listenerCount('upgrade') === 1 &&
      socket._server === this.#server
    );
  }
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
 * The socket that a request was given with, or the one that has taken its place.
 *
 * @param {http.IncomingMessage} req
 * @param {Duplex} socket
 * @return {Duplex}
 */
function socketNow(req, socket) {
  return isForgotten(req) ? req[kUpgrade].ws._socket : socket;
}

/**
 * Whether the socket that Node made for a request is gone.
 *
 * @param {http.IncomingMessage} req
 * @return {Boolean}
 */
function isForgotten(req) {
  const ws = req[kUpgrade]?.ws;
  return ws !== undefined && ws !== null;
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

module.exports = { UnseenSockets, forgetSocket, isForgotten, peekAtSocket, socketNow };
