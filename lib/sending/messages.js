'use strict';

const { IS_PLAIN, kFlags } = require('../connection-flags');
const { EMPTY_BUFFER, EXTENSION_NAME, READY_STATES } = require('../constants');
const native = require('../native/addon');
const { copyBack } = require('../native/dispatch');
const seam = require('../native/seam');
const { kCountRefused, kHandle, kLink, kOutgoing, kRare } = require('../symbols');
const { areOnlyBinary, sendOptions } = require('./send-options');

// What most messages do without.
let callbackOf, controlPayload, isBlob, sizeOf, toPayload;

const { FIN, MASK } = seam.flag;
const { BINARY, PING, PONG, TEXT } = seam.opcode;

// As constants, since `native` has too many members for V8 to know them: 2% of a message of 20 bytes.
const { send: sendBytes, sendBinary, sendFew, sendString, sendText, sendTextBytes } = native;

const CONNECTING = READY_STATES.indexOf('CONNECTING');
const OPEN = READY_STATES.indexOf('OPEN');

const kRefuse = Symbol('wsuv.refuse');
const kSendControl = Symbol('wsuv.sendControl');
const kSendWith = Symbol('wsuv.sendWith');

/** To be called before there is a WebSocket. */
function loadMessages() {
  ({ isBlob, sizeOf, toPayload } = require('../validation'));
  ({ callbackOf } = require('./callback'));
  ({ controlPayload } = require('./control-payload'));
}

/**
 * Sends what most programs send: text that is a string, or bytes, as a whole message and as they are.
 *
 * @param {Number} handle
 * @param {*} data
 * @param {Boolean} isBinary
 * @return {Boolean} false if it is anything else, and was not sent
 */
function sendPlain(handle, data, isBinary) {
  if (typeof data === 'string') {
    if (isBinary) return false;
    sendString(handle, data);
    return true;
  }
  // One that is empty may be detached, which toPayload() finds out.
  if (!(data instanceof Uint8Array) || data.length === 0) return false;
  const few = copyBack(data);
  if (few > 0) {
    sendFew(handle, few | ((isBinary ? BINARY : TEXT) << 8));
  } else if (isBinary) {
    sendBinary(handle, data);
  } else {
    sendTextBytes(handle, data);
  }
  return true;
}

/** The part of a WebSocket that sends messages, pings and pongs. */
class Messages {
  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data a string, anything that holds bytes, or a Blob; a number is sent as a string
   * @param {{binary: Boolean=, compress: Boolean=, fin: Boolean=, mask: Boolean=,
   *     maxFrameSize: Number=}} [options]
   * @param {Function} [cb] called with null when the kernel has taken it, or with an error
   * @throws {Error} while connecting
   */
  send(data, options, cb) {
    if (typeof options === 'function') {
      cb = options;
      options = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) {
      this[kRefuse](data, cb);
      return;
    }
    if (cb !== undefined && typeof cb !== 'function') cb = callbackOf(cb);
    if (
      (this[kFlags] & IS_PLAIN) !== 0 &&
      (options === undefined
        ? sendPlain(this[kHandle], data, typeof data !== 'string')
        : areOnlyBinary(options) && sendPlain(this[kHandle], data, options.binary))
    ) {
      this[kLink].pump(this[kHandle], cb);
      return;
    }
    this[kSendWith](data, options, cb);
  }

  // send() with options, or of what is neither text nor bytes.
  [kSendWith](data, options, cb) {
    const all = sendOptions(options, data, this._isServer);
    if (this[kRare].sendsByName) {
      if (!this._extensions[EXTENSION_NAME]) all.compress = false;
      this._sender.send(data || EMPTY_BUFFER, all, cb);
      return;
    }
    if (!all.fin || (this[kFlags] & IS_PLAIN) === 0 || all.maxFrameSize !== undefined) {
      this[kOutgoing]().send(data, all, cb);
      return;
    }
    const opcode = all.binary ? BINARY : TEXT;
    const flags = opcode | FIN | (all.mask ? MASK : 0);
    if (typeof data === 'string') {
      sendText(this[kHandle], data, flags);
    } else {
      const payload = data instanceof Uint8Array && data.length > 0 ? data : toPayload(data);
      if (isBlob(payload)) {
        this[kOutgoing]().send(payload, all, cb);
        return;
      }
      sendBytes(this[kHandle], payload, flags);
    }
    this[kLink].pump(this[kHandle], cb);
  }

  /**
   * Sends a ping.
   *
   * @param {*} [data] at most 125 bytes
   * @param {Boolean} [mask]
   * @param {Function} [cb]
   * @throws {Error} while connecting
   * @throws {RangeError} for more data
   */
  ping(data, mask, cb) {
    this[kSendControl](PING, data, mask, cb);
  }

  /**
   * Sends a pong; the parameters are those of ping().
   *
   * @param {*} [data]
   * @param {Boolean} [mask]
   * @param {Function} [cb]
   */
  pong(data, mask, cb) {
    this[kSendControl](PONG, data, mask, cb);
  }

  [kSendControl](opcode, data, mask, cb) {
    if (typeof data === 'function') {
      cb = data;
      data = mask = undefined;
    } else if (typeof mask === 'function') {
      cb = mask;
      mask = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) {
      this[kRefuse](data, cb);
      return;
    }
    if (cb !== undefined && typeof cb !== 'function') cb = callbackOf(cb);
    if (mask === undefined) mask = !this._isServer;
    if (this[kRare].sendsByName) {
      this._sender[opcode === PING ? 'ping' : 'pong'](data || EMPTY_BUFFER, mask, cb);
      return;
    }
    const payload = controlPayload(data);
    const flags = opcode | (mask ? MASK : 0);
    if ((this[kFlags] & IS_PLAIN) !== 0 && !isBlob(payload)) {
      sendBytes(this[kHandle], payload, flags | FIN);
      this[kLink].pump(this[kHandle], cb);
    } else {
      this[kOutgoing]().sendControl(payload, flags, cb);
    }
  }

  // send(), ping() and pong() in any other state than OPEN.
  [kRefuse](data, cb) {
    if (this._readyState === CONNECTING) {
      throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
    }
    if (data) this[kCountRefused](sizeOf(toPayload(data)));
    if (cb) {
      const state = READY_STATES[this._readyState];
      const error = new Error(`WebSocket is not open: readyState ${this._readyState} (${state})`);
      process.nextTick(cb, error);
    }
  }
}

/**
 * Gives a WebSocket's class these methods.
 *
 * @param {Function} constructor
 */
function mixInMessages(constructor) {
  const methods = Object.getOwnPropertyDescriptors(Messages.prototype);
  delete methods.constructor;
  Object.defineProperties(constructor.prototype, methods);
}

module.exports = { loadMessages, mixInMessages };
