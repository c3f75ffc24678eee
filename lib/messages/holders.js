'use strict';

/** Who may keep a connection from being read, besides the user's pause(): bits. */
module.exports = {
  DEFERRING: 1,
  STREAMS: 2,
  /** Nobody listens yet, and nothing is to be read before. */
  LISTENER: 4,
  /** Those who iterate have not asked for the next message. */
  ITERATION: 8
};
