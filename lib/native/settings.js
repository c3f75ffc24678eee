'use strict';

const http = require('http');
const { getDefaultHighWaterMark } = require('stream');

const native = require('./addon');
const { HANDSHAKE_TIMEOUT, MAX_HEADERS_COUNT } = require('../constants');

// setTimeout's rule, by which ws's time-outs go.
function milliseconds(value) {
  const number = Math.trunc(value);
  return number >= 1 && number <= 0x7fffffff ? number : 1;
}

// Limits are 32-bit integers, and off where they are not positive.
function limit(value) {
  return Math.max(value | 0, 0);
}

// The same for what may be larger: any number that counts bytes exactly.
function size(value) {
  return Math.max(Math.min(Math.trunc(Number(value)) || 0, Number.MAX_SAFE_INTEGER), 0);
}

// The last settings that were made, and the options that they were made of.
let last = {};

/**
 * The addon's form of the options that a connection needs. Connections with the same options share
 * one.
 *
 * @param {Object} options maxPayload, maxFragments, maxBufferedChunks, skipUTF8Validation,
 *     closeTimeout, handshakeTimeout, with the meaning that ws gives them; maxHeaderSize,
 *     maxHeadersCount, as http has them; and streamThreshold, maxStreamLength
 * @return {Object} to be passed to the addon
 */
function settingsFor(options) {
  const {
    closeTimeout,
    handshakeTimeout,
    maxBufferedChunks,
    maxFragments,
    maxHeaderSize,
    maxHeadersCount,
    maxPayload,
    maxStreamLength,
    skipUTF8Validation,
    streamThreshold
  } = options;
  const isLast =
    closeTimeout === last.closeTimeout &&
    handshakeTimeout === last.handshakeTimeout &&
    maxBufferedChunks === last.maxBufferedChunks &&
    maxFragments === last.maxFragments &&
    maxHeaderSize === last.maxHeaderSize &&
    maxHeadersCount === last.maxHeadersCount &&
    maxPayload === last.maxPayload &&
    maxStreamLength === last.maxStreamLength &&
    skipUTF8Validation === last.skipUTF8Validation &&
    streamThreshold === last.streamThreshold &&
    last.external !== undefined;
  if (isLast) return last.external;
  const external = native.settings({
    maxPayload: limit(maxPayload),
    maxFragments: limit(maxFragments),
    maxBufferedChunks: limit(maxBufferedChunks),
    maxHeaderSize: limit(maxHeaderSize) || http.maxHeaderSize,
    maxHeadersCount: limit(maxHeadersCount ?? MAX_HEADERS_COUNT),
    maxStreamLength: size(maxStreamLength),
    skipUTF8Validation: Boolean(skipUTF8Validation),
    streamThreshold: size(streamThreshold),
    closeTimeout: milliseconds(closeTimeout),
    highWaterMark: getDefaultHighWaterMark(false),
    handshakeTimeout:
      handshakeTimeout === 0 ? 0 : milliseconds(handshakeTimeout ?? HANDSHAKE_TIMEOUT)
  });
  last = {
    closeTimeout,
    external,
    handshakeTimeout,
    maxBufferedChunks,
    maxFragments,
    maxHeaderSize,
    maxHeadersCount,
    maxPayload,
    maxStreamLength,
    skipUTF8Validation,
    streamThreshold
  };
  return external;
}

/**
 * The options of a connection. As under ws, some are the constructor's and the others setSocket()'s.
 *
 * @param {Object} own the constructor's
 * @param {Object} options setSocket()'s
 * @return {Object}
 */
function optionsOf({ closeTimeout, maxFrameSize, maxPendingAutoPongs, waitForListener }, options) {
  return {
    allowSynchronousEvents: options.allowSynchronousEvents,
    closeTimeout,
    generateMask: options.generateMask,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxFrameSize,
    maxPayload: options.maxPayload,
    maxPendingAutoPongs,
    skipUTF8Validation: options.skipUTF8Validation,
    waitForListener,
    ...streamOptionsOf(options)
  };
}

/**
 * The options of messages that come as streams, where there are to be some: what setSocket() gets is
 * what it gets from ws otherwise.
 *
 * @param {Object} options
 * @return {Object}
 */
function streamOptionsOf({ maxStreamLength, streamThreshold }) {
  return size(streamThreshold) > 0 ? { maxStreamLength, streamThreshold } : undefined;
}

module.exports = { optionsOf, settingsFor, streamOptionsOf };
