'use strict';

const { ABNORMAL_CLOSURE, EMPTY_BUFFER } = require('./constants');
const { nativeLink } = require('./link/native-link');

/**
 * What few WebSockets have at a time: the state of a closing handshake, what moves the bytes of a
 * stream, a client's request. An idle connection of a server has none of it, and shares INITIAL_STATE
 * with all others, which makes it 160 bytes smaller.
 */
class RareState {
  /** @type {Number} what 'close' will say */
  closeCode = ABNORMAL_CLOSURE;
  /** @type {Buffer} */
  closeMessage = EMPTY_BUFFER;
  closeFrameReceived = false;
  closeFrameSent = false;
  /** Whether close() is called to answer the peer's close frame. */
  isAnswerDue = false;
  /** Nothing more is read: by the peer's close frame, its end, or its fault. */
  inputEnded = false;
  /** What the peer did wrong, until that is told. */
  protocolError = null;
  errorEmitted = false;
  paused = false;
  /** Whether the transport has failed while it was. */
  failedPaused = false;
  /** With what it has, where nobody had its socket: see createTransportError(). */
  failure = 0;
  /** Who else does not want the connection to be read, in bits. */
  holds = 0;
  /** Of data that was refused after close(). */
  bufferedAfterClose = 0;
  /** What was negotiated: an object by the extensions' names. */
  extensions = null;
  /** Who moves the bytes. */
  link = nativeLink;
  /** When the connection is over: the callbacks of what was sent, until they are called. */
  callbacks = null;
  // Made when they are first needed.
  outgoing = null;
  autoPong = null;
  sender = null;
  receiver = null;
  /** Whether messages are sent by calling the methods of `sender`: somebody has patched them. */
  sendsByName = false;
  /** While its close() is called: what it is to do. */
  closing = null;
  // Of a client.
  req = undefined;
  url = undefined;
}

/** What every WebSocket begins with. */
const INITIAL_STATE = Object.freeze(new RareState());

module.exports = { INITIAL_STATE, RareState };
