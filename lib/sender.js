'use strict';

const native = require('./native/addon');
const seam = require('./native/seam');
const { EXTENSION_NAME, NOOP } = require('./constants');
const { lazy } = require('./lazy');
const { kDoClose, kDoPing, kDoPong, kDoSend, kOwnMethods } = require('./symbols');

// Programs that have a Sender of their own are few.
let closePayload, controlPayload, isBlob, sizeOf, toPayload;
const load = lazy(() => {
  ({ closePayload, controlPayload } = require('./sending/control-payload'));
  ({ isBlob, sizeOf, toPayload } = require('./validation'));
  return true;
});
const errors = lazy(() => require('./errors'));
const frameSize = lazy(() => require('./sending/frame-size'));
const sendQueue = lazy(() => require('./sending/send-queue'));
const randomFillSync = lazy(() => require('crypto').randomFillSync);

const { FIN, RSV1 } = seam.flag;
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT } = seam.opcode;

// Under symbols, and not private: what users see works through a Proxy, too.
const kIsWorthCompressing = Symbol('wsuv.isWorthCompressing');
const kPush = Symbol('wsuv.push');
const kQueue = Symbol('wsuv.queue');
const kSendOne = Symbol('wsuv.sendOne');
const kSendPayload = Symbol('wsuv.sendPayload');

/**
 * The writing half of a WebSocket: makes frames of messages and writes them to a stream.
 */
class Sender {
  [kQueue] = null;

  /**
   * @param {Duplex} socket
   * @param {Object} [extensions] those that were negotiated, by name
   * @param {function(Buffer)} [generateMask] fills in masking keys
   */
  constructor(socket, extensions, generateMask) {
    load();
    this._socket = socket;
    this._extensions = extensions || {};
    this._generateMask = generateMask;
    this._maskBuffer = generateMask ? Buffer.alloc(4) : undefined;
    this._firstFragment = true;
    this._compress = false;
    this.onerror = NOOP;
  }

  /** @type {Number} bytes of payload that wait for a Blob or for compression */
  get _bufferedBytes() {
    return this[kQueue] === null ? 0 : this[kQueue].bytes;
  }

  /**
   * Makes a frame. The data that it is given is not changed.
   *
   * @param {(Buffer|String)} data
   * @param {Object} options
   * @param {Number} options.opcode
   * @param {Boolean} [options.fin=false]
   * @param {Boolean} [options.rsv1=false]
   * @param {Boolean} [options.mask=false]
   * @param {function(Buffer)} [options.generateMask]
   * @param {Buffer} [options.maskBuffer] for the masking key
   * @param {Boolean} [options.readOnly=false] put a masked frame into one Buffer
   * @return {Buffer[]} header and payload, or one Buffer
   */
  static frame(data, options) {
    const payload = typeof data === 'string' ? Buffer.from(data) : data;
    const flags = options.opcode | (options.fin ? FIN : 0) | (options.rsv1 ? RSV1 : 0);
    const { length } = payload;
    if (!options.mask) {
      const header = native.frameHeader(flags, length, undefined);
      return length === 0 ? [header] : [header, payload];
    }
    const key = options.maskBuffer ?? Buffer.alloc(4);
    if (options.generateMask) options.generateMask(key);
    else randomFillSync()(key, 0, 4);
    const header = native.frameHeader(flags, length, key);
    if (length === 0) return [header];
    if (key.readUInt32LE(0) === 0) return [header, payload];
    const masked = native.masked(payload, key);
    return options.readOnly ? [Buffer.concat([header, masked])] : [header, masked];
  }

  /**
   * Sends a close frame.
   *
   * @param {Number} [code]
   * @param {(String|Buffer)} [data] the reason
   * @param {Boolean} [mask=false]
   * @param {Function} [cb]
   * @throws {(TypeError|RangeError)} for what may not be sent
   */
  close(code, data, mask, cb) {
    this[kDoClose](code, data, mask, cb);
  }

  [kDoClose](code, data, mask, cb) {
    this[kPush](closePayload(code, data), { fin: true, opcode: CLOSE, mask }, false, cb);
  }

  /**
   * Sends a ping.
   *
   * @param {*} data at most 125 bytes
   * @param {Boolean} [mask=false]
   * @param {Function} [cb]
   * @throws {RangeError} for more data
   */
  ping(data, mask, cb) {
    this[kDoPing](data, mask, cb);
  }

  [kDoPing](data, mask, cb) {
    this[kPush](controlPayload(data), { fin: true, opcode: PING, mask }, false, cb);
  }

  /**
   * Sends a pong.
   *
   * @param {*} data at most 125 bytes
   * @param {Boolean} [mask=false]
   * @param {Function} [cb]
   * @throws {RangeError} for more data
   */
  pong(data, mask, cb) {
    this[kDoPong](data, mask, cb);
  }

  [kDoPong](data, mask, cb) {
    this[kPush](controlPayload(data), { fin: true, opcode: PONG, mask }, false, cb);
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data
   * @param {Object} options binary, compress, fin, mask, and maxFrameSize: the most bytes that a frame
   *     may have, 0 for any number
   * @param {Function} [cb]
   * @throws {(TypeError|RangeError)} for a maxFrameSize that is none
   */
  send(data, options, cb) {
    this[kDoSend](data, options, cb);
  }

  [kDoSend](data, options, cb) {
    const { maxFrameSize } = options;
    const most = maxFrameSize === undefined ? 0 : frameSize().frameSizeOf(maxFrameSize);
    const payload = toPayload(data);
    let rsv1 = false;
    let opcode = CONTINUATION;
    if (this._firstFragment) {
      opcode = options.binary ? BINARY : TEXT;
      rsv1 = Boolean(options.compress) && this[kIsWorthCompressing](sizeOf(payload));
      this._compress = rsv1;
    }
    this._firstFragment = Boolean(options.fin);
    const { fin, mask } = options;
    this[kPush](payload, { fin, mask, most, opcode, rsv1 }, this._compress, cb);
  }

  // Without context takeover, short messages are not.
  [kIsWorthCompressing](size) {
    const extension = this._extensions[EXTENSION_NAME];
    if (!extension) return true;
    const side = extension._isServer ? 'server' : 'client';
    return !extension.params[`${side}_no_context_takeover`] || size >= extension._threshold;
  }

  [kPush](payload, options, compress, cb) {
    if (this[kQueue] === null && !isBlob(payload) && !compress) {
      this[kSendPayload](payload, options, cb);
      return;
    }
    this[kQueue] ??= new (sendQueue().SendQueue)({
      isClosed: () => this._socket.destroyed,
      onError: (error) => this.onerror(error),
      onSent: NOOP,
      onEmpty: () => (this[kQueue] = null)
    });
    const send = (bytes) => {
      if (!compress) {
        this[kSendPayload](bytes, options, cb);
        return false;
      }
      this._extensions[EXTENSION_NAME].compress(bytes, options.fin, (_, packed) => {
        if (this._socket.destroyed) {
          this[kQueue].closed(errors().createCompressingError());
        } else {
          this[kSendPayload](packed, options, cb);
          this[kQueue].done();
        }
      });
      return true;
    };
    this[kQueue].push({ cb, data: payload, send, size: sizeOf(payload) });
  }

  [kSendPayload](payload, { most = 0, ...header }, cb) {
    let rest = payload;
    if (most > 0) {
      for (; sizeOf(rest) > most; rest = rest.subarray(most)) {
        this[kSendOne](rest.subarray(0, most), { ...header, fin: false }, undefined);
        header.opcode = CONTINUATION;
        header.rsv1 = false;
      }
    }
    this[kSendOne](rest, header, cb);
  }

  [kSendOne](payload, header, cb) {
    const { _generateMask: generateMask, _maskBuffer: maskBuffer } = this;
    this.sendFrame(Sender.frame(payload, { ...header, generateMask, maskBuffer }), cb);
  }

  /**
   * Writes what frame() has made.
   *
   * @param {Buffer[]} list
   * @param {Function} [cb]
   */
  sendFrame(list, cb) {
    const socket = this._socket;
    if (list.length === 1) {
      socket.write(list[0], cb);
      return;
    }
    socket.cork();
    socket.write(list[0]);
    socket.write(list[1], cb);
    socket.uncork();
  }
}

// The methods that users may put something in the place of, as they are.
const { close, ping, pong, send } = Sender.prototype;
Object.defineProperty(Sender, kOwnMethods, { value: { close, ping, pong, send } });

module.exports = Sender;
