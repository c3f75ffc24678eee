'use strict';

const native = require('./addon');
const { EMPTY_BUFFER } = require('../constants');
const { ConnectionHandle } = require('../link/connection-handle');
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
  kOnText,
  kOnWritten,
  kWantsText
} = require('../symbols');

// A view made with this class costs less than half of what Buffer.from() does.
const FastBuffer = Buffer[Symbol.species];

// The kinds and flags of src/binding/event_ring.h.
const KIND_BINARY = 1;
const KIND_PING = 2;
const KIND_PONG = 3;
const KIND_PEER_CLOSE = 4;
const KIND_PROTOCOL_ERROR = 5;
const KIND_PEER_END = 6;
const KIND_WRITTEN = 7;
const KIND_OUTPUT = 8;
const KIND_CLOSED = 9;
const KIND_UPGRADE = 10;
const KIND_LISTENER_CLOSED = 11;
const KIND_COMPRESSED = 12;
const KIND_RAW = 13;
const FLAG_ASCII = 1;
const FLAG_LARGE = 2;
const WORDS = 4;
const SLOT_MASK = 0xfffff;

/** What receives a connection's events, by slot; see Endpoint in this file. */
const endpoints = [undefined];
/** What receives a listener's events, by id. */
const listeners = new Map();

// Where the addon goes on if a handler throws: the record behind the one being worked on. And,
// behind that, what it wants to be done with a stream; see lib/link/stream-link.js.
const cursor = new Int32Array(2);

/**
 * @typedef {Object} Endpoint what has a handle; the names are symbols, of lib/symbols.js
 * @property {Boolean} kWantsText whether text messages go to kOnText as strings
 * @property {function(Buffer, Boolean, Number[]=)} kOnMessage
 * @property {function(String)} kOnText
 * @property {function(Buffer)} kOnPing
 * @property {function(Buffer)} kOnPong
 * @property {function(Number, Buffer)} kOnPeerClose code, reason (a view)
 * @property {function(Number, Number, String)} kOnProtocolError ErrorCode, detail, zlib's sentence
 * @property {function()} kOnPeerEnd
 * @property {function()} kOnWritten
 * @property {function()} kOnOutput
 * @property {function()} kOnCompressed
 * @property {function()} kOnClosed the handle is no longer valid
 */

/**
 * Gives a handle's events to `endpoint` from now on.
 *
 * @param {Number} handle
 * @param {(Endpoint|undefined)} endpoint
 */
function setEndpoint(handle, endpoint) {
  endpoints[handle & SLOT_MASK] = endpoint;
}

/**
 * Works off the records of one connection; the addon calls it, once a connection and read.
 *
 * @param {Number} handle 0 for a listener
 * @param {Int32Array} records
 * @param {Number} at the first word
 * @param {Number} end behind the last word
 * @param {(Buffer|undefined)} slab the memory that offsets refer to
 * @param {(Array|undefined)} buffers for large payloads: the Buffer, the ends of its fragments
 */
function dispatch(handle, records, at, end, slab, buffers) {
  const endpoint = endpoints[handle & SLOT_MASK];
  const memory = slab === undefined ? undefined : slab.buffer;
  const base = slab === undefined ? 0 : slab.byteOffset;

  while (at < end) {
    const head = records[at];
    const kind = head & 0xff;
    const offset = records[at + 1];
    const length = records[at + 2];
    const detail = records[at + 3];
    at += WORDS;
    cursor[0] = at;

    if (kind <= KIND_BINARY) {
      if ((head & (FLAG_LARGE << 8)) !== 0) {
        deliverLarge(endpoint, kind === KIND_BINARY, buffers[2 * offset], buffers[2 * offset + 1]);
      } else if (kind !== KIND_BINARY && endpoint[kWantsText]) {
        endpoint[kOnText](
          length === 0
            ? ''
            : (head & (FLAG_ASCII << 8)) !== 0
              ? slab.latin1Slice(offset, offset + length)
              : slab.utf8Slice(offset, offset + length)
        );
      } else {
        endpoint[kOnMessage](
          length === 0 ? EMPTY_BUFFER : new FastBuffer(memory, base + offset, length),
          kind === KIND_BINARY,
          undefined
        );
      }
      continue;
    }

    const view = length === 0 ? EMPTY_BUFFER : new FastBuffer(memory, base + offset, length);
    switch (kind) {
      case KIND_PING:
        endpoint[kOnPing](view);
        break;
      case KIND_PONG:
        endpoint[kOnPong](view);
        break;
      case KIND_PEER_CLOSE:
        endpoint[kOnPeerClose](detail, view);
        break;
      case KIND_PROTOCOL_ERROR:
        endpoint[kOnProtocolError](head >> 8, detail, view.latin1Slice());
        break;
      case KIND_PEER_END:
        // Of an upgrade that is undecided, its socket tells.
        if (endpoint === undefined) ConnectionHandle.existing(handle)?.peerEnded();
        else endpoint[kOnPeerEnd]();
        break;
      case KIND_WRITTEN:
        endpoint[kOnWritten]();
        break;
      case KIND_OUTPUT:
        endpoint[kOnOutput]();
        break;
      case KIND_COMPRESSED:
        endpoint[kOnCompressed]();
        break;
      case KIND_RAW: {
        const bytes = (head & (FLAG_LARGE << 8)) !== 0 ? buffers[2 * offset] : view;
        ConnectionHandle.existing(handle)?.raw(bytes);
        break;
      }
      case KIND_CLOSED:
        if (endpoint === undefined) {
          // An upgrade that was refused, or is undecided: at most somebody has its socket.
          ConnectionHandle.existing(handle)?.closed();
        } else {
          setEndpoint(handle, undefined);
          endpoint[kOnClosed]();
        }
        break;
      case KIND_UPGRADE: {
        const text = (head & (FLAG_LARGE << 8)) !== 0 ? buffers[2 * offset] : view;
        const listener = listeners.get(detail);
        if (listener === undefined) native.terminate(handle);
        else listener._onUpgrade(handle, head >> 12, text);
        break;
      }
      case KIND_LISTENER_CLOSED: {
        const listener = listeners.get(detail);
        listeners.delete(detail);
        if (listener !== undefined) listener._onClosed();
        break;
      }
    }
  }
}

function deliverLarge(endpoint, isBinary, data, ends) {
  if (data.length === 0) data = EMPTY_BUFFER;
  if (!isBinary && endpoint[kWantsText]) endpoint[kOnText](data.toString());
  else endpoint[kOnMessage](data, isBinary, ends);
}

/** Stands for this evaluation of lib/ in the addon. */
const context = native.createContext(dispatch, cursor);

// What was sent in the last turn of the event loop leaves even if the process exits in it.
// (One listener, however often the package is evaluated.)
const kFlush = Symbol.for('wsuv.flush');
if (process[kFlush] === undefined) {
  Object.defineProperty(process, kFlush, { value: new Set() });
  process.on('exit', () => process[kFlush].forEach((flush) => flush()));
}
process[kFlush].add(native.flushAll);

// The addon holds `dispatch` only while there are connections; this module, as long as it lives. (By
// a property: a bundler leaves out what is exported and not used.)
setEndpoint.dispatch = dispatch;

module.exports = { FastBuffer, context, cursor, dispatch, listeners, setEndpoint };
