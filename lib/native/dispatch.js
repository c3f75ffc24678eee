'use strict';

const native = require('./addon');
const { EMPTY_BUFFER } = require('../constants');
const { lazy } = require('../lazy');
const seam = require('./seam');
const {
  kOnClosed,
  kOnCompressed,
  kOnFailed,
  kOnListenerClosed,
  kOnMessage,
  kOnOutput,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPiece,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnReleased,
  kOnText,
  kOnUpgrade,
  kOnWritten,
  kWantsText
} = require('../symbols');

const errors = lazy(() => require('./transport-errors'));

// A view made with this class costs less than half of what Buffer.from() does.
const FastBuffer = Buffer[Symbol.species];

// As constants of this file, which V8 knows.
const {
  BINARY,
  CLOSED,
  COMPRESSED,
  FAILED,
  LISTENER_CLOSED,
  OUTPUT,
  PEER_CLOSE,
  PEER_END,
  PIECE,
  PING,
  PONG,
  PROTOCOL_ERROR,
  RAW,
  UPGRADE,
  WRITTEN
} = seam.event;
const { BASE, DONE, END, HANDLE, NEXT } = seam.cursor;
const { WORDS } = seam.record;
const FLAG_ASCII = seam.record.ASCII << 8;
const FLAG_FRAGMENTS = seam.record.FRAGMENTS << 8;
const FLAG_FIRST = seam.record.FIRST << 8;
const FLAG_LAST = seam.record.LAST << 8;
const FLAG_LENT = seam.record.LENT << 8;
const FLAG_PIECE_BINARY = seam.record.PIECE_BINARY << 8;
const SLOT_MASK = (1 << seam.record.SLOT_BITS) - 1;

// As they are before any program can have replaced them: they are called on memory that nobody else
// may see.
const latin1Slice = uncurried(Buffer.prototype.latin1Slice);
const utf8Slice = uncurried(Buffer.prototype.utf8Slice);
const set = uncurried(Uint8Array.prototype.set);
const lengthOf = uncurried(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length').get
);

function uncurried(method) {
  return Function.prototype.call.bind(method);
}

/** What receives a connection's events, by slot, and the handle that it has; see Endpoint. */
const endpoints = [undefined];
const handles = [0];
/** Changes whenever one of these does. */
let edition = 0;
/** What stands for connections in their sockets, as far as there are any, by handle. */
const sockets = new Map();
/** What else has a connection's handle for a time, and a release() to forget it, by handle. */
const borrowers = new Map();
/** What receives a listener's events, by id. */
const listeners = new Map();

/**
 * @typedef {Object} Endpoint what has a handle; the names are symbols, of lib/symbols.js
 * @property {Boolean} kWantsText whether text messages go to kOnText as strings
 * @property {function(Buffer, Boolean, Float64Array=)} kOnMessage
 * @property {function(String)} kOnText
 * @property {function(Buffer, Boolean, Boolean, Boolean, Boolean)} kOnPiece of a message that comes in
 *     pieces: data, isBinary, isFirst, isLast, isLent; only where the settings have a streamThreshold.
 *     What is lent is the addon's again when this returns, and no user may see it
 * @property {function(Buffer)} kOnPing
 * @property {function(Buffer)} kOnPong
 * @property {function(Number, Buffer)} kOnPeerClose code, reason
 * @property {function(Number, Number, String)} kOnProtocolError ErrorCode, detail, zlib's sentence
 * @property {function()} kOnPeerEnd
 * @property {function()} kOnWritten
 * @property {function()} kOnOutput
 * @property {function()} kOnCompressed
 * @property {function(Number)} kOnFailed libuv's error (see transport-errors.js) has ended a connection that
 *     is paused: what was read before, and kOnClosed, follow in a later turn
 * @property {function(ConnectionHandle=)} kOnReleased the handle is about to become invalid: forgets
 *     it, and asks whatever it still wants to know of it; runs no code of a user's
 * @property {function(Number, ConnectionHandle=)} kOnClosed the connection is over: libuv's error that
 *     ended it (see transport-errors.js), or 0, and the handle of its socket, if there is one
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
  edition = (edition + 1) & 0xffffff;
  if (endpoint[kWantsText]) native.wantText(handle);
}

/**
 * @param {Number} handle
 * @return {(Endpoint|undefined)} what gets its events, where something does
 */
function endpointOf(handle) {
  const slot = handle & SLOT_MASK;
  return handles[slot] === handle ? endpoints[slot] : undefined;
}

/**
 * The endpoint of a connection that is over. Whoever has the handle forgets it, and the addon gets
 * it back, before any code of a user's runs: so nobody can use it for the connection that gets it
 * next.
 *
 * @param {Number} handle
 * @param {(ConnectionHandle|undefined)} socketHandle of the connection's socket, if there is one
 * @return {(Endpoint|undefined)}
 */
function takeEndpoint(handle, socketHandle) {
  const slot = handle & SLOT_MASK;
  const endpoint = endpointOf(handle);
  endpoints[slot] = undefined;
  handles[slot] = 0;
  edition = (edition + 1) & 0xffffff;
  try {
    endpoint?.[kOnReleased](socketHandle);
    socketHandle?.release();
    borrowers.get(handle)?.release();
  } finally {
    borrowers.delete(handle);
    native.release(handle);
  }
  return endpoint;
}

/**
 * Works off the records of one connection; the addon calls it, once a connection and read. Whose
 * they are (0: a listener's), and which ones, is in the cursor.
 *
 * A record whose connection has no endpoint (any more) is nobody's.
 *
 * @param {(Int32Array|undefined)} records where they are in another place than in `ring`
 * @param {(ArrayBuffer|undefined)} memory with the payloads, nothing else, and nobody else's
 * @param {(Uint8Array|undefined)} staging where they lie in the place of `memory`, if all of them are
 *     texts that become strings. Without either, they lie in `few`: a payload alone
 * @param {(ArrayBuffer[]|undefined)} more further pieces of memory, some with the ends of fragments
 */
function workOff(records, memory, staging, more) {
  const handle = cursor[HANDLE];
  const end = cursor[END];
  const base = cursor[BASE];
  let at = cursor[NEXT];
  let endpoint = endpointOf(handle);
  let asked = edition;
  if (records === undefined) records = ring;
  if (memory === undefined && staging === undefined) staging = few;

  while (at < end) {
    const head = records[at];
    const kind = head & 0xff;
    const offset = records[at + 1];
    const length = records[at + 2];
    const detail = records[at + 3];
    at += WORDS;
    cursor[NEXT] = at;
    // What the handlers of the records before did counts.
    if (asked !== edition) {
      endpoint = endpointOf(handle);
      asked = edition;
    }

    if (kind <= BINARY) {
      if (endpoint === undefined) continue;
      if (kind !== BINARY && endpoint[kWantsText]) {
        const slice = (head & FLAG_ASCII) !== 0 ? latin1Slice : utf8Slice;
        if (length === 0) {
          endpoint[kOnText]('');
        } else if (staging !== undefined && head >>> 16 === 0) {
          endpoint[kOnText](slice(staging, base + offset, base + offset + length));
        } else {
          const text = payloadOf(head, offset, length, memory, more);
          endpoint[kOnText](slice(text, 0, length));
        }
      } else if (head >>> 16 === 0 && (head & FLAG_FRAGMENTS) === 0) {
        endpoint[kOnMessage](
          length === 0 ? EMPTY_BUFFER : firstPieceOf(memory, offset, length),
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
      case PIECE:
        endpoint?.[kOnPiece](
          payloadOf(head, offset, length, memory, more),
          (head & FLAG_PIECE_BINARY) !== 0,
          (head & FLAG_FIRST) !== 0,
          (head & FLAG_LAST) !== 0,
          (head & FLAG_LENT) !== 0
        );
        break;
      case RAW:
        sockets.get(handle)?.raw(payloadOf(head, offset, length, memory, more));
        break;
      case FAILED:
        endpoint?.[kOnFailed](detail);
        break;
      case CLOSED: {
        const socketHandle = sockets.get(handle);
        const last = takeEndpoint(handle, socketHandle);
        if (last !== undefined) last[kOnClosed](detail, socketHandle);
        // An upgrade that was refused, or is undecided: at most somebody has its socket.
        else socketHandle?.closed(detail === 0 ? undefined : errors().createTransportError(detail));
        break;
      }
      case UPGRADE: {
        const text = payloadOf(head, offset, length, memory, more);
        const listener = listeners.get(detail);
        if (listener === undefined) native.terminate(handle);
        else listener[kOnUpgrade](handle, (head >> 8) & 0xff, text);
        break;
      }
      case LISTENER_CLOSED: {
        const listener = listeners.get(detail);
        listeners.delete(detail);
        if (listener !== undefined) listener[kOnListenerClosed]();
        break;
      }
    }
  }
}

// The last message that was copied into an array in V8's own heap.
let copied;

/**
 * Copies what `data` has into `fewToSend`, if it is the message that was copied from there last: it lies in
 * V8's own heap, and to show it to the addon would cost more than all the rest of sending it.
 *
 * @param {Uint8Array} data
 * @return {Number} how many bytes; 0 if it is not
 */
function copyBack(data) {
  if (data !== copied) return 0;
  set(fewToSend, data);
  return lengthOf(data);
}

// Few bytes are copied into an array that lies in V8's own heap, which costs less than an ArrayBuffer
// does.
function copyOf(length) {
  const copy = new FastBuffer(length);
  set(copy, firstOfFew[length]);
  copied = copy;
  return copy;
}

function firstPieceOf(memory, start, length) {
  return memory === undefined ? copyOf(length) : new FastBuffer(memory, start, length);
}

// The bytes of a record.
function payloadOf(head, offset, length, memory, more) {
  if (length === 0) return EMPTY_BUFFER;
  const piece = head >>> 16;
  if (piece === 0) return firstPieceOf(memory, offset, length);
  return new FastBuffer(more[piece - 1], offset, length);
}

// The same of what ends a connection: it takes effect, even where a handler has transferred a message
// of the same batch, and with it these bytes.
function remainsOf(head, offset, length, memory, more) {
  const piece = head >>> 16;
  const left = piece === 0 ? (memory ?? few).byteLength : more[piece - 1].byteLength;
  return left > 0 ? payloadOf(head, offset, length, memory, more) : EMPTY_BUFFER;
}

function dispatch(records, memory, staging) {
  workOff(records, memory, staging, undefined);
  cursor[NEXT] = DONE;
}

function dispatchMore(records, memory, staging, ...more) {
  workOff(records, memory, staging, more);
  cursor[NEXT] = DONE;
}

/**
 * `context` stands for this evaluation of lib/ in the addon. The rest is memory that both share:
 * src/binding/seam.h says what is in the words of `cursor`, `ring` has the records of most rounds, and
 * the halves of `few` have a payload alone, and few bytes that are sent.
 */
const {
  context,
  cursor,
  few: halves,
  ring
} = native.createContext(dispatch, dispatchMore, endpoints);
const few = halves.subarray(0, halves.length / 2);
const fewToSend = halves.subarray(few.length);
// By length.
const firstOfFew = Array.from({ length: few.length + 1 }, (_, length) => few.subarray(0, length));

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

module.exports = {
  borrowers,
  context,
  copyBack,
  cursor,
  endpointOf,
  listeners,
  setEndpoint,
  sockets
};
