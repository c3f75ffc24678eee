'use strict';

const native = require('./addon');
const { EXTENSION_NAME } = require('../constants');
const { lazy } = require('../lazy');

const zlib = lazy(() => require('zlib'));

// Payloads above this are compressed by the thread pool: below it the way there and back costs
// more than it saves other connections (a compression of 64 KiB takes about a millisecond).
const ASYNC_THRESHOLD = 64 * 1024;
// Inflating is that much faster than compressing.
const INFLATE_FACTOR = 4;

// The addon's objects, by what they are made of: connections with the same parameters share one.
const made = new Map();
const MAX_MADE = 64;

/**
 * @typedef {Object} Compression how a connection compresses
 * @property {Object} external the addon's form of it
 * @property {Number} threshold messages that are shorter are not compressed
 * @property {Number} asyncThreshold those that are longer are compressed by the thread pool
 */

/**
 * The permessage-deflate that was negotiated for a connection.
 *
 * @param {(Object|null)} extensions by name
 * @return {(PerMessageDeflate|undefined)}
 */
function negotiated(extensions) {
  const found = extensions?.[EXTENSION_NAME];
  return found?.params ? found : undefined;
}

/**
 * The addon's form of what was negotiated.
 *
 * @param {PerMessageDeflate} perMessageDeflate ours, or one of ws
 * @return {Compression}
 * @throws {RangeError} for options that zlib refuses
 */
function compressionFor({ _isServer, _options, _threshold, params }) {
  const {
    constants: { Z_DEFAULT_COMPRESSION, Z_DEFAULT_MEMLEVEL, Z_DEFAULT_STRATEGY },
    createDeflateRaw
  } = zlib();
  const { zlibDeflateOptions: deflate = {}, zlibInflateOptions: inflate = {} } = _options;
  const direction = (side, options) => ({
    windowBits: Number(params[`${side}_max_window_bits`] || 15),
    takeover: !params[`${side}_no_context_takeover`],
    level: options.level ?? Z_DEFAULT_COMPRESSION,
    memLevel: options.memLevel ?? Z_DEFAULT_MEMLEVEL,
    strategy: options.strategy ?? Z_DEFAULT_STRATEGY
  });
  const asyncThreshold = _options.asyncThreshold ?? ASYNC_THRESHOLD;
  const values = {
    outgoing: direction(_isServer ? 'server' : 'client', deflate),
    incoming: direction(_isServer ? 'client' : 'server', inflate),
    asyncInflateSize: asyncThreshold * INFLATE_FACTOR,
    concurrencyLimit: _options.concurrencyLimit
  };
  // With context takeover even a short message is worth it.
  const threshold = values.outgoing.takeover ? 0 : _threshold;
  const key = JSON.stringify(values);
  const hasDictionary = deflate.dictionary !== undefined || inflate.dictionary !== undefined;
  if (!hasDictionary && made.has(key)) {
    return { external: made.get(key), threshold, asyncThreshold };
  }

  // Node's zlib says what is wrong with options, in Node's words.
  createDeflateRaw({ ...deflate, windowBits: values.outgoing.windowBits }).close();
  values.outgoing.dictionary = deflate.dictionary;
  values.incoming.dictionary = inflate.dictionary;
  const external = native.compression(values);
  if (!hasDictionary) {
    if (made.size >= MAX_MADE) made.clear();
    made.set(key, external);
  }
  return { external, threshold, asyncThreshold };
}

module.exports = { compressionFor, negotiated };
