'use strict';

const native = require('./binding');
const { CLOSE_TIMEOUT, HANDSHAKE_TIMEOUT } = require('./constants');

// setTimeout's rule, by which ws's time-outs go.
function milliseconds(value, fallback) {
  if (value === undefined) return fallback;
  const number = Math.trunc(value);
  return number >= 1 && number <= 0x7fffffff ? number : 1;
}

// Limits are 32-bit integers, and off where they are not positive.
function limit(value) {
  return Math.max(value | 0, 0);
}

let last = { values: {}, external: undefined };

/**
 * The addon's form of the options that a connection needs. Connections with the same options share
 * one.
 *
 * @param {Object} options maxPayload, maxFragments, maxBufferedChunks, skipUTF8Validation,
 *     closeTimeout, handshakeTimeout, with the meaning that ws gives them
 * @return {Object} to be passed to the addon
 */
function settingsFor(options) {
  const { handshakeTimeout } = options;
  const values = {
    maxPayload: limit(options.maxPayload),
    maxFragments: limit(options.maxFragments),
    maxBufferedChunks: limit(options.maxBufferedChunks),
    skipUTF8Validation: Boolean(options.skipUTF8Validation),
    closeTimeout: milliseconds(options.closeTimeout, CLOSE_TIMEOUT),
    handshakeTimeout: handshakeTimeout === 0 ? 0 : milliseconds(handshakeTimeout, HANDSHAKE_TIMEOUT)
  };
  if (Object.keys(values).some((name) => values[name] !== last.values[name])) {
    last = { values, external: native.settings(values) };
  }
  return last.external;
}

module.exports = { settingsFor };
