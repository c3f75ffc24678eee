'use strict';

const { kFlags } = require('../connection-flags');
const seam = require('../native/seam');
const { kHandle, kIsAttached, kLink, kRare, kRarely, kServer, kSocket } = require('../symbols');
const { lazy } = require('../lazy');

const halves = lazy(() => require('./connection-halves'));

const { MASK } = seam.flag;

/** The members of ws's WebSocket that are none of its API, and that dependents reach for. */
class Members {
  /** The negotiated extensions, by name. */
  get _extensions() {
    return this[kRare].extensions ?? (this[kRarely]().extensions = {});
  }

  set _extensions(extensions) {
    this[kRarely]().extensions = extensions;
  }

  /** @type {Boolean} whether this is a server's end, whose frames are not masked */
  get _isServer() {
    return (this[kFlags] & MASK) === 0;
  }

  set _isServer(isServer) {
    this[kFlags] = isServer ? this[kFlags] & ~MASK : this[kFlags] | MASK;
  }

  /**
   * The socket under the connection: the stream that it was given, or, where the addon owns the
   * descriptor, a Duplex that is made when somebody asks for it (remoteAddress, mostly).
   *
   * @type {(Duplex|null)}
   */
  get _socket() {
    if (this[kSocket] === null && this[kIsAttached]) {
      const socket = this[kLink].socketOf(this[kHandle], this[kServer], this);
      this[kSocket] = socket;
      // It tells the server; one that has ended already does not.
      if (socket._server !== null) this[kServer] = null;
    }
    return this[kSocket];
  }

  /** The writing half of the connection, made when somebody asks for it; see Sender. */
  get _sender() {
    if (this[kRare].sender === null && this[kIsAttached]) {
      this[kRarely]().sender = halves().senderOf(this);
    }
    return this[kRare].sender;
  }

  /** The reading half of the connection, made when somebody asks for it; see Receiver. */
  get _receiver() {
    if (this[kRare].receiver === null && this[kIsAttached]) {
      this[kRarely]().receiver = new (halves().ConnectionReceiver)(this);
    }
    return this[kRare].receiver;
  }
}

// What ws keeps in fields, to be read.
const FIELDS = {
  _binaryType: (ws) => ws.binaryType,
  _closeCode: (ws) => ws[kRare].closeCode,
  _closeFrameReceived: (ws) => ws[kRare].closeFrameReceived,
  _closeFrameSent: (ws) => ws[kRare].closeFrameSent,
  _closeMessage: (ws) => ws[kRare].closeMessage,
  _errorEmitted: (ws) => ws[kRare].errorEmitted,
  _paused: (ws) => ws[kRare].paused,
  _req: (ws) => ws[kRare].req,
  _url: (ws) => ws[kRare].url
};

// Under ws they are properties like any other: whoever sets one (a test that puts something else in the
// place of the socket) finds it so afterwards. The connection goes on with its own.
function setterOf(name) {
  return function (value) {
    Object.defineProperty(this, name, {
      configurable: true,
      enumerable: true,
      value,
      writable: true
    });
  };
}

/**
 * The WebSocket itself, where it is asked through an object that was made with it as its prototype.
 *
 * @param {Object} ws
 * @return {WebSocket}
 */
function ownerOf(ws) {
  let owner = ws;
  while (!Object.hasOwn(owner, kRare)) owner = Object.getPrototypeOf(owner);
  return owner;
}

/**
 * Gives a WebSocket's class these members.
 *
 * @param {Function} constructor
 */
function mixInMembers(constructor) {
  const members = Object.getOwnPropertyDescriptors(Members.prototype);
  delete members.constructor;
  for (const [name, read] of Object.entries(FIELDS)) {
    members[name] = {
      configurable: true,
      get() {
        return read(this);
      }
    };
  }
  for (const [name, member] of Object.entries(members)) member.set ??= setterOf(name);
  Object.defineProperties(constructor.prototype, members);
}

module.exports = { mixInMembers, ownerOf };
