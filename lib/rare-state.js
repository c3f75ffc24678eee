'use strict';

const { ABNORMAL_CLOSURE, EMPTY_BUFFER } = require('./constants');

/**
 * What few WebSockets have at a time: the state of a closing handshake, of messages in fragments or
 * on their way through zlib, of a client's request. An idle connection of a server has none of it,
 * and shares INITIAL_STATE with all others, which makes it 160 bytes smaller.
 */
class RareState {
  /** @type {Number} what 'close' will say */
  closeCode = ABNORMAL_CLOSURE;
  /** @type {Buffer} */
  closeMessage = EMPTY_BUFFER;
  closeFrameReceived = false;
  closeFrameSent = false;
  /** Nothing more is read: by the peer's close frame, its end, or its fault. */
  inputEnded = false;
  errorEmitted = false;
  paused = false;
  /** Whether the last message that was sent is unfinished, and whether it is compressed. */
  inFragments = false;
  compressesFragments = false;
  /** Of data that was refused after close(). */
  bufferedAfterClose = 0;
  /** Bytes that were compressed in this turn, which ws would still be compressing. */
  justCompressed = 0;
  /** What was negotiated: an object by the extensions' names. */
  extensions = null;
  compression = null;
  // Made when they are first needed.
  sender = null;
  receiver = null;
  bridge = null;
  callbacks = null;
  sendQueue = null;
  autoPong = null;
  // Of a client.
  req = undefined;
  url = undefined;
}

/** What every WebSocket begins with. */
const INITIAL_STATE = Object.freeze(new RareState());

module.exports = { INITIAL_STATE, RareState };
