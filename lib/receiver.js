'use strict';

const { Writable } = require('stream');

const { toBinaryType } = require('./binary-type');
const native = require('./native/addon');
const { BINARY_TYPES, EMPTY_BUFFER } = require('./constants');
const { createLimitError, createProtocolError, createUtf8Error } = require('./errors');
const { extensionName } = require('./compat/permessage-deflate');
const { settingsFor } = require('./native/settings');

// The kinds of src/binding/event_ring.h.
const KIND_TEXT = 0;
const KIND_BINARY = 1;
const KIND_PING = 2;
const KIND_PONG = 3;
const KIND_PEER_CLOSE = 4;
// Values of an event in the list that the addon fills.
const VALUES = 4;

/**
 * The reading half of a WebSocket: a Writable that is fed with the bytes of one direction of a
 * connection, on the addon's reader.
 *
 * Emits 'message' (data, isBinary), 'ping' (data), 'pong' (data), 'conclude' (code, reason) for a
 * close frame, and 'error' for what breaks the protocol.
 */
class Receiver extends Writable {
  #reader;
  #events = [];
  #rest = EMPTY_BUFFER;
  #hasEnded = false;

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
    this.#reader = native.createReader(
      settingsFor(options),
      this._isServer,
      Boolean(this._extensions[extensionName])
    );
  }

  _write(chunk, encoding, callback) {
    if (this.#hasEnded) {
      callback();
      return;
    }
    this.#rest = chunk;
    this.#proceed(callback);
  }

  // Works off what was read, and reads on.
  #proceed(callback) {
    for (;;) {
      while (this.#events.length > 0) {
        const [kind, value, detail, ends] = this.#events.splice(0, VALUES);
        if (kind > KIND_PEER_CLOSE) {
          this.#hasEnded = true;
          callback(createProtocolError(detail, value));
          return;
        }
        if (kind === KIND_PEER_CLOSE) {
          this.#hasEnded = true;
          this.emit('conclude', detail, value.length === 0 ? EMPTY_BUFFER : value);
          this.end();
          callback();
          return;
        }
        if (kind <= KIND_BINARY && detail === 1) {
          this.#inflate(value, kind, callback);
          return;
        }
        if (!this.#deliver(kind, value, ends, callback)) return;
      }
      if (this.#rest.length === 0) break;
      const taken = native.readFrames(this.#reader, this.#rest, this.#events);
      this.#rest = this.#rest.subarray(taken);
    }
    callback();
  }

  // Emits an event now, or in the next turn: then it returns false and goes on by itself.
  #deliver(kind, value, ends, callback) {
    const data = value.length === 0 ? EMPTY_BUFFER : value;
    const emit = () => {
      switch (kind) {
        case KIND_TEXT:
          this.emit('message', data, false);
          break;
        case KIND_BINARY:
          this.emit('message', toBinaryType(data, this._binaryType, ends), true);
          break;
        case KIND_PING:
          this.emit('ping', data);
          break;
        case KIND_PONG:
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
      this.#proceed(callback);
    });
    return false;
  }

  #inflate(packed, kind, callback) {
    this._extensions[extensionName].decompress(packed, true, (error, data) => {
      if (!error && this._maxPayload > 0 && data.length > this._maxPayload) {
        error = createLimitError();
      }
      if (!error && kind === KIND_TEXT && !this._skipUTF8Validation && !native.isUtf8(data)) {
        error = createUtf8Error();
      }
      if (error) {
        this.#hasEnded = true;
        callback(error);
      } else if (this.#deliver(kind, data, undefined, callback)) {
        this.#proceed(callback);
      }
    });
  }
}

module.exports = Receiver;
