'use strict';

module.exports = {
  /**
   * Of a WebSocket: the bits that go with every frame (FIN once there is a connection, MASK of a
   * client), and these, which the addon does not look at.
   */
  kFlags: Symbol('wsuv.flags'),
  /**
   * Whether send() may pass data straight on: there is no mask of the user's, no unfinished message,
   * no queue, no compression.
   */
  IS_PLAIN: 0x10000,
  /** The place of `binaryType` in BINARY_TYPES. */
  BINARY_TYPE_BITS: 0x60000,
  BINARY_TYPE_SHIFT: 17,
  /** Whether pings are answered. */
  AUTO_PONG: 0x80000,

  /** Who may keep a connection from being read, besides the user's pause(): bits. */
  holder: {
    DEFERRING: 1,
    STREAMS: 2,
    /** Nobody listens yet, and nothing is to be read before. */
    LISTENER: 4,
    /** Those who iterate have not asked for the next message. */
    ITERATION: 8
  },
  /** Those of them for whom what was read and not parsed waits as well. */
  KEEPING: 2 | 8
};
