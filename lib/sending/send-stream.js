'use strict';

const { Readable, Writable, finished } = require('stream');
const { isUint8Array } = require('util').types;

const { kPassOn } = require('../symbols');

/**
 * What gives the pieces of a message.
 *
 * @param {(AsyncIterable|Iterable|ReadableStream)} source
 * @return {(AsyncIterable|Iterable)}
 * @throws {TypeError} for anything else
 */
function piecesOf(source) {
  const isObject = typeof source === 'object' && source !== null;
  if (isObject && typeof source.getReader === 'function') return Readable.fromWeb(source);
  if (isObject && source[Symbol.asyncIterator] !== undefined) return source;
  if (isObject && source[Symbol.iterator] !== undefined && !isUint8Array(source)) return source;
  throw new TypeError('The source must be an async iterable or a ReadableStream');
}

/**
 * Sends the pieces of a message.
 *
 * @param {(AsyncIterable|Iterable)} pieces
 * @param {Writable} stream
 * @return {Promise} resolves when the message was taken
 */
function send(pieces, stream) {
  return new Promise((resolve, reject) => {
    finished(stream, (error) => {
      if (!error) {
        resolve();
        return;
      }
      // One that is waited for is not waited for any more.
      pieces.destroy?.();
      reject(error);
    });
    if (pieces instanceof Readable) pour(pieces, stream);
    else write(pieces, stream).catch((error) => stream.destroy(error));
  });
}

// A stream's chunks as they are: whoever iterates over it gets copies in which several are one.
function pour(source, stream) {
  const onData = (chunk) => {
    try {
      if (stream.write(chunk)) return;
    } catch (error) {
      stream.destroy(error);
    }
    source.pause();
  };
  source.on('data', onData);
  stream.on('drain', () => source.resume());
  // A message of our own needs neither of the two streams for what can leave at once. (Somebody may have put
  // something in the place of one of them, or of its write().)
  const isOwn = stream.sendsAtOnce && stream.write === Writable.prototype.write;
  if (isOwn) source[kPassOn]?.(onData, (piece) => stream.sendNow(piece));
  source.resume();
  finished(source, { writable: false }, (error) => {
    if (error) stream.destroy(error);
    else stream.end();
  });
}

async function write(pieces, stream) {
  for await (const piece of pieces) {
    if (stream.destroyed) return;
    if (!stream.write(piece)) await drained(stream);
  }
  stream.end();
}

// Resolves when more can be written, or nothing any more.
function drained(stream) {
  return new Promise((resolve) => {
    const onDone = () => {
      stream.off('drain', onDone);
      stream.off('close', onDone);
      resolve();
    };
    stream.on('drain', onDone);
    stream.on('close', onDone);
  });
}

module.exports = { piecesOf, send };
