'use strict';

/** What ws calls by the same names, and defaults. */
module.exports = {
  /** The values of `binaryType`. */
  BINARY_TYPES: ['nodebuffer', 'arraybuffer', 'fragments', 'blob'],
  /** Milliseconds that the closing handshake may take. */
  CLOSE_TIMEOUT: 30000,
  /** Milliseconds in which a request head must come, on the native listener. */
  HANDSHAKE_TIMEOUT: 10000,
  /** Header fields that a request may have, on the native listener: what Node's http has. */
  MAX_HEADERS_COUNT: 1000,
  /** The one empty Buffer that stands for every empty message and reason. */
  EMPTY_BUFFER: Buffer.alloc(0),
  /** RFC 6455 7.4.1: codes that stand for "none in the close frame" and "no close frame". */
  NO_CLOSE_CODE: 1005,
  ABNORMAL_CLOSURE: 1006,
  /** Of a Receiver: its WebSocket. Tracers look for this name in this file. */
  kWebSocket: Symbol('websocket'),
  /** The one extension (RFC 7692). */
  EXTENSION_NAME: 'permessage-deflate',
  /** The names of `readyState`'s values. */
  READY_STATES: ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'],
  NOOP() {}
};
