'use strict';

// A correct upgrade that a server has still to decide about, wherever it comes from.

const native = require('../native/addon');
const events = require('../events');
const { socketOf } = require('../link/node-socket');
const { peekAtSocket, socketNow } = require('../link/unseen-sockets');
const { borrowers } = require('../native/dispatch');
const { UpgradeRequest, headerOf, urlOf } = require('./request');

const HAS_HEADER = {
  'sec-websocket-extensions': /^sec-websocket-extensions:/im,
  'sec-websocket-protocol': /^sec-websocket-protocol:/im
};

/** That of a request of Node's, or of one whose socket is known. */
class UndecidedSocket {
  /** @type {http.IncomingMessage} */
  req;

  #given;

  /**
   * @param {http.IncomingMessage} req
   * @param {Duplex} socket
   */
  constructor(req, socket) {
    this.req = req;
    this.#given = socket;
  }

  get socket() {
    return socketNow(this.req, this.#given);
  }

  get url() {
    return this.req.url;
  }

  get isSecure() {
    const { authorized, encrypted } = peekAtSocket(this.req);
    return Boolean(authorized || encrypted);
  }

  header(name) {
    return this.req.headers[name];
  }

  /**
   * Answers it with something else than a WebSocket.
   *
   * @param {String} response
   */
  refuse(response) {
    endWith(this.socket, response);
  }
}

/**
 * That of a connection at a port. Mostly it is decided before anybody looks at its request or asks for
 * its socket, which take as long to make as all the rest of a handshake.
 */
class UndecidedHandle {
  #handle;
  #head;
  #isDecided = false;
  #socket = null;
  #ws = null;

  /** @type {http.IncomingMessage} */
  req;

  /**
   * @param {Number} handle
   * @param {String} head
   */
  constructor(handle, head) {
    this.#handle = handle;
    this.#head = head;
    this.req = new UpgradeRequest(handle, head, this);
  }

  get url() {
    return urlOf(this.#head);
  }

  /** A port is not encrypted, unless somebody says so of its socket; he has it then. */
  get isSecure() {
    return false;
  }

  header(name) {
    return HAS_HEADER[name].test(this.#head) ? headerOf(this.#head, name) : undefined;
  }

  /** Whether somebody has the socket, or has it decided already: then it is no longer ours alone. */
  get isKnown() {
    return this.#socket !== null || this.#isDecided;
  }

  get socket() {
    if (this.#ws !== null) return this.#ws._socket;
    if (this.#socket === null) {
      this.#socket = socketOf(this.#handle);
      this.#socket.on('error', destroySocket);
      if (this.#isDecided) endOnce(this.#socket);
    }
    return this.#socket;
  }

  // As the request asks for it.
  get _socket() {
    return this.socket;
  }

  refuse(response) {
    if (this.isKnown) {
      endWith(this.socket, response);
      return;
    }
    this.#isDecided = true;
    tellRefusal(response);
    // Whoever keeps the request may ask for its socket when the connection is long over.
    borrowers.set(this.#handle, this);
    native.reject(this.#handle, Buffer.from(response));
  }

  /**
   * It has become a WebSocket's.
   *
   * @param {WebSocket} ws
   * @param {Object} settings from settingsFor()
   * @param {String} response
   * @return {Number} the addon's name for the connection
   */
  accept(ws, settings, response) {
    this.#isDecided = true;
    this.#ws = ws;
    native.acceptWith(this.#handle, settings, response);
    return this.#handle;
  }

  /** The connection is over: its handle will be another one's. */
  release() {
    this.#handle = 0;
  }

  /** Whoever has been asked takes his time, in which the socket hears what the peer does. */
  wait() {
    // Who keeps the request keeps this.
    this.#head = '';
    if (!this.#isDecided) void this.socket;
  }
}

/** A listener for a socket's 'error', as long as it is undecided. */
function destroySocket() {
  this.destroy();
}

function endWith(socket, response) {
  tellRefusal(response);
  endOnce(socket, response);
}

function endOnce(socket, response) {
  socket.once('finish', socket.destroy);
  socket.end(response);
}

function tellRefusal(response) {
  // The code, and its name.
  events.refused(response.slice(9, response.indexOf('\r\n')));
}

module.exports = { UndecidedHandle, UndecidedSocket, destroySocket, endWith };
