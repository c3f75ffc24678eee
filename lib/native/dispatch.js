'use strict';

const native = require('./addon');
const { EMPTY_BUFFER } = require('../constants');
const { createTransportError } = require('../errors');
const { event, record } = require('./seam');
const {
  kOnClosed,
  kOnCompressed,
  kOnMessage,
  kOnOutput,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnReleased,
  kOnText,
  kOnWritten,
  kWantsText
} = require('../symbols');

// A view made with this class costs less than half of what Buffer.from() does.
const FastBuffer = Buffer[Symbol.species];

// As constants of this file, which V8 knows.
const {
  BINARY,
  CLOSED,
  COMPRESSED,
  LISTENER_CLOSED,
  OUTPUT,
  PEER_CLOSE,
  PEER_END,
  PING,
  PONG,
  PROTOCOL_ERROR,
  RAW,
  UPGRADE,
  WRITTEN
} = event;
const { DONE, WORDS } = record;
const FLAG_ASCII = record.ASCII << 8;
const FLAG_FRAGMENTS = record.FRAGMENTS << 8;
const SLOT_MASK = (1 << record.SLOT_BITS) - 1;

// As they are before any program can have replaced them: they are called on memory that nobody else
// may see.
const latin1Slice = uncurried(Buffer.prototype.latin1Slice);
const utf8Slice = uncurried(Buffer.prototype.utf8Slice);

function uncurried(method) {
  return Function.prototype.call.bind(method);
}

/** What receives a connection's events, by slot, and the handle that it has; see Endpoint. */
const endpoints = [undefined];
const handles = [0];
/** What stands for connections in their sockets, as far as there are any, by handle. */
const sockets = new Map();
/** What receives a listener's events, by id. */
const listeners = new Map();

/**
 * @typedef {Object} Endpoint what has a handle; the names are symbols, of lib/symbols.js
 * @property {Boolean} kWantsText whether text messages go to kOnText as strings
 * @property {function(Buffer, Boolean, Float64Array=)} kOnMessage
 * @property {function(String)} kOnText
 * @property {function(Buffer)} kOnPing
 * @property {function(Buffer)} kOnPong
 * @property {function(Number, Buffer)} kOnPeerClose code, reason
 * @property {function(Number, Number, String)} kOnProtocolError ErrorCode, detail, zlib's sentence
 * @property {function()} kOnPeerEnd
 * @property {function()} kOnWritten
 * @property {function()} kOnOutput
 * @property {function()} kOnCompressed
 * @property {function(ConnectionHandle=)} kOnReleased the handle is about to become invalid: forgets
 *     it, and asks whatever it still wants to know of it; runs no code of a user's
 * @property {function(Number, ConnectionHandle=)} kOnClosed the connection is over: libuv's error that
 *     ended it, or 0, and the handle of its socket, if there is one
 */

/**
 * Gives a handle's events to `endpoint` from now on.
 *
 * @param {Number} handle
 * @param {Endpoint} endpoint
 */
function setEndpoint(handle, endpoint) {
  const slot = handle & SLOT_MASK;
  endpoints[slot] = endpoint;
  handles[slot] = handle;
  if (endpoint[kWantsText]) native.wantText(handle);
}

/**
 * The endpoint of a connection that is over. Whoever has the handle forgets it, and the addon gets
 * it back, before any code of a user's runs: so nobody can use it for the connection that gets it
 * next.
 *
 * @param {Number} handle
 * @param {(ConnectionHandle|undefined)} own of the connection's socket, if there is one
 * @return {(Endpoint|undefined)}
 */
function takeEndpoint(handle, own) {
  const slot = handle & SLOT_MASK;
  const endpoint = handles[slot] === handle ? endpoints[slot] : undefined;
  endpoints[slot] = undefined;
  handles[slot] = 0;
  try {
    endpoint?.[kOnReleased](own);
    own?.release();
  } finally {
    native.release(handle);
  }
  return endpoint;
}

/**
 * Works off the records of one connection; the addon calls it, once a connection and read.
 *
 * A record whose connection has no endpoint (any more) is nobody's.
 *
 * @param {Number} handle 0 for a listener
 * @param {Int32Array} records
 * @param {Number} at the first word
 * @param {Number} end behind the last word
 * @param {(ArrayBuffer|undefined)} memory with the payloads, nothing else, and nobody else's
 * @param {(Uint8Array|undefined)} staging where they lie in the place of `memory`, if all of them
 *     are texts that become strings
 * @param {Number} base where in `staging`
 * @param {Array} more further pieces of memory: Buffers, and ArrayBuffers with the ends of fragments
 */
function workOff(handle, records, at, end, memory, staging, base, more) {
  const slot = handle & SLOT_MASK;

  while (at < end) {
    const head = records[at];
    const kind = head & 0xff;
    const offset = records[at + 1];
    const length = records[at + 2];
    const detail = records[at + 3];
    at += WORDS;
    cursor[0] = at;
    // Asked for each record: what the handlers of the ones before did counts.
    const endpoint = handles[slot] === handle ? endpoints[slot] : undefined;

    if (kind <= BINARY) {
      if (endpoint === undefined) continue;
      if (kind !== BINARY && endpoint[kWantsText]) {
        const slice = (head & FLAG_ASCII) !== 0 ? latin1Slice : utf8Slice;
        if (length === 0) {
          endpoint[kOnText]('');
        } else if (staging !== undefined && head >>> 16 === 0) {
          endpoint[kOnText](slice(staging, base + offset, base + offset + length));
        } else {
          endpoint[kOnText](slice(payloadOf(head, offset, length, memory, more), 0, length));
        }
      } else if (head >>> 16 === 0 && (head & FLAG_FRAGMENTS) === 0) {
        endpoint[kOnMessage](
          length === 0 ? EMPTY_BUFFER : new FastBuffer(memory, offset, length),
          kind === BINARY,
          undefined
        );
      } else {
        endpoint[kOnMessage](
          payloadOf(head, offset, length, memory, more),
          kind === BINARY,
          (head & FLAG_FRAGMENTS) !== 0 ? new Float64Array(more[detail - 1]) : undefined
        );
      }
      continue;
    }

    switch (kind) {
      case PING:
        endpoint?.[kOnPing](payloadOf(head, offset, length, memory, more));
        break;
      case PONG:
        endpoint?.[kOnPong](payloadOf(head, offset, length, memory, more));
        break;
      case PEER_CLOSE:
        endpoint?.[kOnPeerClose](detail, remainsOf(head, offset, length, memory, more));
        break;
      case PROTOCOL_ERROR: {
        const sentence = remainsOf(head, offset, length, memory, more);
        const text = latin1Slice(sentence, 0, sentence.length);
        endpoint?.[kOnProtocolError]((head >> 8) & 0xff, detail, text);
        break;
      }
      case PEER_END:
        // Of an upgrade that is undecided, its socket tells.
        if (endpoint === undefined) sockets.get(handle)?.peerEnded();
        else endpoint[kOnPeerEnd]();
        break;
      case WRITTEN:
        endpoint?.[kOnWritten]();
        break;
      case OUTPUT:
        endpoint?.[kOnOutput]();
        break;
      case COMPRESSED:
        endpoint?.[kOnCompressed]();
        break;
      case RAW:
        sockets.get(handle)?.raw(payloadOf(head, offset, length, memory, more));
        break;
      case CLOSED: {
        const own = sockets.get(handle);
        const last = takeEndpoint(handle, own);
        if (last !== undefined) last[kOnClosed](detail, own);
        // An upgrade that was refused, or is undecided: at most somebody has its socket.
        else own?.closed(detail === 0 ? undefined : createTransportError(detail));
        break;
      }
      case UPGRADE: {
        const text = payloadOf(head, offset, length, memory, more);
        const listener = listeners.get(detail);
        if (listener === undefined) native.terminate(handle);
        else listener._onUpgrade(handle, (head >> 8) & 0xff, text);
        break;
      }
      case LISTENER_CLOSED: {
        const listener = listeners.get(detail);
        listeners.delete(detail);
        if (listener !== undefined) listener._onClosed();
        break;
      }
    }
  }
}

// The bytes of a record.
function payloadOf(head, offset, length, memory, more) {
  if (length === 0) return EMPTY_BUFFER;
  const piece = head >>> 16;
  if (piece === 0) return new FastBuffer(memory, offset, length);
  const buffer = more[piece - 1];
  if (length === buffer.length) return buffer;
  return new FastBuffer(buffer.buffer, buffer.byteOffset + offset, length);
}

// The same of what ends a connection: it takes effect, even where a handler has transferred a message
// of the same batch, and with it these bytes.
function remainsOf(head, offset, length, memory, more) {
  const piece = head >>> 16;
  const left = piece === 0 ? memory?.byteLength : more[piece - 1].length;
  return left > 0 ? payloadOf(head, offset, length, memory, more) : EMPTY_BUFFER;
}

function dispatch(handle, records, at, end, memory, staging, base) {
  workOff(handle, records, at, end, memory, staging, base, undefined);
  cursor[0] = DONE;
}

function dispatchMore(handle, records, at, end, memory, staging, base, ...more) {
  workOff(handle, records, at, end, memory, staging, base, more);
  cursor[0] = DONE;
}

/**
 * `context` stands for this evaluation of lib/ in the addon. In `cursor`, shared memory, is where the
 * addon goes on if a handler throws: the record behind the one being worked on; and, behind that,
 * what it wants to be done with a stream: see lib/link/stream-link.js.
 */
const { context, cursor } = native.createContext(dispatch, dispatchMore, endpoints);

// What was sent in the last turn of the event loop leaves even if the process exits in it.
// (One listener, however often the package is evaluated.)
const kFlush = Symbol.for('wsuv.flush');
if (process[kFlush] === undefined) {
  Object.defineProperty(process, kFlush, { value: new Set() });
  process.on('exit', () => process[kFlush].forEach((flush) => flush()));
}
process[kFlush].add(native.flushAll);

// The addon holds both functions only while there are connections; this module, as long as it lives.
// (By a property: a bundler leaves out what is exported and not used.)
setEndpoint.functions = [dispatch, dispatchMore];

module.exports = { context, cursor, listeners, setEndpoint, sockets };
