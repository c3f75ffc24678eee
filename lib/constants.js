'use strict';

/** What both ends of the seam to the addon agree on, and what ws calls by the same names. */
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
  /** Opcodes with FIN, as the addon's `send` takes them; and the bits around them. */
  OP_CONTINUATION: 0x00,
  OP_TEXT: 0x01,
  OP_BINARY: 0x02,
  OP_CLOSE: 0x08,
  OP_PING: 0x09,
  OP_PONG: 0x0a,
  FLAG_RSV1: 0x40,
  FLAG_FIN: 0x80,
  FLAG_MASK: 0x100,
  FLAG_COMPRESS: 0x200,
  /** Of a Receiver: its WebSocket. Tracers look for this name in this file. */
  kWebSocket: Symbol('websocket'),
  NOOP() {}
};
