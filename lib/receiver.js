'use strict';

const { Writable } = require('stream');

const native = require('./native/addon');
const { BINARY_TYPES, EMPTY_BUFFER, EXTENSION_NAME } = require('./constants');
const { lazy } = require('./lazy');
const { event } = require('./native/seam');

const binaryType = lazy(() => require('./binary-type'));
const errors = lazy(() => require('./native/protocol-errors'));
const settings = lazy(() => require('./native/settings'));

const FastBuffer = Buffer[Symbol.species];

const { BINARY, PEER_CLOSE, PING, PONG, TEXT } = event;
// The numbers in front of the events that readFrames() returns, and those of an event.
const FRONT = 2;
const NUMBERS = 5;

// What it returns where there is nothing.
const NO_EVENTS = new Float64Array(FRONT);

// Under symbols, and not private: what users see works through a Proxy, too.
const kAt = Symbol('wsuv.at');
const kDeliver = Symbol('wsuv.deliver');
const kHasEnded = Symbol('wsuv.hasEnded');
const kInflate = Symbol('wsuv.inflate');
const kNextEvent = Symbol('wsuv.nextEvent');
const kNumbers = Symbol('wsuv.numbers');
const kPayloads = Symbol('wsuv.payloads');
const kProceed = Symbol('wsuv.proceed');
const kRead = Symbol('wsuv.read');
const kReader = Symbol('wsuv.reader');
const kRest = Symbol('wsuv.rest');

/**
 * The reading half of a WebSocket: a Writable that is fed with the bytes of one direction of a
 * connection, on the addon's reader.
 *
 * Emits 'message' (data, isBinary), 'ping' (data), 'pong' (data), 'conclude' (code, reason) for a
 * close frame, and 'error' for what breaks the protocol.
 */
class Receiver extends Writable {
  [kReader];
  [kNumbers] = NO_EVENTS; // of the events in a chunk
  [kPayloads]; // the ArrayBuffer in which their payloads are
  [kAt] = FRONT; // of the next one
  [kRest] = EMPTY_BUFFER;
  [kHasEnded] = false;

  /**
   * @param {Object} [options]
   * @param {Boolean} [options.allowSynchronousEvents=true] false: one event a turn of the loop
   * @param {String} [options.binaryType=nodebuffer]
   * @param {Object} [options.extensions] those that were negotiated, by name
   * @param {Boolean} [options.isServer=false] whether frames must be masked
   * @param {Number} [options.maxBufferedChunks=0] chunks over which a frame may be spread
   * @param {Number} [options.maxFragments=0] frames of a message
   * @param {Number} [options.maxPayload=0] bytes of a message
   * @param {Boolean} [options.skipUTF8Validation=false]
   */
  constructor(options = {}) {
    super();
    this._allowSynchronousEvents = options.allowSynchronousEvents ?? true;
    this._binaryType = options.binaryType || BINARY_TYPES[0];
    this._extensions = options.extensions || {};
    this._isServer = Boolean(options.isServer);
    this._maxBufferedChunks = options.maxBufferedChunks | 0;
    this._maxFragments = options.maxFragments | 0;
    this._maxPayload = options.maxPayload | 0;
    this._skipUTF8Validation = Boolean(options.skipUTF8Validation);
    this[kReader] = native.createReader(
      settings().settingsFor(options),
      this._isServer,
      Boolean(this._extensions[EXTENSION_NAME])
    );
  }

  _write(chunk, encoding, callback) {
    if (this[kHasEnded]) {
      callback();
      return;
    }
    this[kRest] = chunk;
    this[kProceed](callback);
  }

  // Works off what was read, and reads on.
  [kProceed](callback) {
    for (;;) {
      while (this[kAt] < this[kNumbers].length) {
        const { kind, detail, number, data, ends } = this[kNextEvent]();
        if (kind > PEER_CLOSE) {
          this[kHasEnded] = true;
          callback(errors().createProtocolError(detail, number));
          return;
        }
        if (kind === PEER_CLOSE) {
          this[kHasEnded] = true;
          this.emit('conclude', detail, data);
          this.end();
          callback();
          return;
        }
        if (kind <= BINARY && detail === 1) {
          this[kInflate](data, kind, callback);
          return;
        }
        if (!this[kDeliver](kind, data, ends, callback)) return;
      }
      if (this[kRest].length === 0) break;
      this[kRead]();
    }
    this[kNumbers] = NO_EVENTS;
    this[kPayloads] = undefined;
    callback();
  }

  // Lets the addon parse the rest of the chunk; see readFrames in src/binding/calls_frame.cc.
  [kRead]() {
    const found = native.readFrames(this[kReader], this[kRest]);
    const front = new Float64Array(found, 0, FRONT);
    this[kRest] = this[kRest].subarray(front[0]);
    // A copy, since listeners can do what they like with the memory that their data is in.
    this[kNumbers] = new Float64Array(new Float64Array(found, 0, FRONT + front[1]));
    this[kPayloads] = found;
    this[kAt] = FRONT;
  }

  [kNextEvent]() {
    const numbers = this[kNumbers];
    const at = this[kAt];
    const number = numbers[at + 2];
    const size = numbers[at + 3];
    const count = numbers[at + 4];
    this[kAt] = at + NUMBERS + count;
    return {
      kind: numbers[at],
      detail: numbers[at + 1],
      number,
      data:
        size === 0
          ? EMPTY_BUFFER
          : new FastBuffer(this[kPayloads], numbers.byteLength + number, size),
      ends: count === 0 ? undefined : Array.from(numbers.subarray(at + NUMBERS, this[kAt]))
    };
  }

  // Emits an event now, or in the next turn: then it returns false and goes on by itself.
  [kDeliver](kind, data, ends, callback) {
    const emit = () => {
      switch (kind) {
        case TEXT:
          this.emit('message', data, false);
          break;
        case BINARY:
          this.emit('message', binaryType().toBinaryType(data, this._binaryType, ends), true);
          break;
        case PING:
          this.emit('ping', data);
          break;
        case PONG:
          this.emit('pong', data);
          break;
      }
    };
    if (this._allowSynchronousEvents) {
      emit();
      return true;
    }
    setImmediate(() => {
      emit();
      this[kProceed](callback);
    });
    return false;
  }

  [kInflate](packed, kind, callback) {
    this._extensions[EXTENSION_NAME].decompress(packed, true, (error, data) => {
      if (!error && this._maxPayload > 0 && data.length > this._maxPayload) {
        error = errors().createLimitError();
      }
      if (!error && kind === TEXT && !this._skipUTF8Validation && !native.isUtf8(data)) {
        error = errors().createUtf8Error();
      }
      if (error) {
        this[kHasEnded] = true;
        callback(error);
      } else if (
        this[kDeliver](kind, data.length === 0 ? EMPTY_BUFFER : data, undefined, callback)
      ) {
        this[kProceed](callback);
      }
    });
  }
}

module.exports = Receiver;
