'use strict';

const zlib = require('zlib');

const { EXTENSION_NAME } = require('../constants');
const { createLimitError } = require('../native/protocol-errors');
const { Limiter } = require('./limiter');

const NAME = EXTENSION_NAME;
const DEFAULT_THRESHOLD = 1024;
const DEFAULT_CONCURRENCY = 10;
// RFC 7692 7.2.1: what a sender takes off the end of a message, and a receiver puts back.
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
// RFC 7692 7.2.3.6: an empty message.
const EMPTY_BLOCK = Buffer.from([0x00]);

// One for the process, since the thread pool is.
let limiter;

// Under symbols, and not private: what users see works through a Proxy, too.
const kAcceptAnswer = Symbol('wsuv.acceptAnswer');
const kAcceptOffer = Symbol('wsuv.acceptOffer');
const kCallback = Symbol('wsuv.callback');
const kCompress = Symbol('wsuv.compress');
const kDecompress = Symbol('wsuv.decompress');
const kDeflate = Symbol('wsuv.deflate');
const kInflate = Symbol('wsuv.inflate');
const kIsAcceptable = Symbol('wsuv.isAcceptable');
const kNormalise = Symbol('wsuv.normalise');

/**
 * permessage-deflate (RFC 7692) as an object: the negotiation of its parameters, and compressing
 * and inflating for those who do that by themselves. Connections only use the negotiation; what
 * they send and receive is compressed and inflated in the addon.
 */
class PerMessageDeflate {
  [kDeflate] = null;
  [kInflate] = null;
  // Of the compression that is under way.
  [kCallback] = null;

  /** @type {String} */
  static get extensionName() {
    return NAME;
  }

  /**
   * @param {Object} [options]
   * @param {(Boolean|Number)} [options.clientMaxWindowBits] the client's LZ77 window, 8 to 15
   * @param {Boolean} [options.clientNoContextTakeover]
   * @param {Number} [options.concurrencyLimit=10] compressions at a time; the first one counts
   * @param {Boolean} [options.isServer=false] which side this is
   * @param {Number} [options.maxPayload=0] bytes that a message may inflate to; 0: any number
   * @param {(Boolean|Number)} [options.serverMaxWindowBits]
   * @param {Boolean} [options.serverNoContextTakeover]
   * @param {Boolean} [options.shared=false] a server that compresses without context takeover, so
   *     that a message to many connections is compressed once
   * @param {Number} [options.threshold=1024] bytes below which nothing is compressed, without
   *     context takeover
   * @param {Object} [options.zlibDeflateOptions] for zlib
   * @param {Object} [options.zlibInflateOptions] for zlib
   */
  constructor(options) {
    this._options = options || {};
    this._threshold = this._options.threshold ?? DEFAULT_THRESHOLD;
    this._maxPayload = this._options.maxPayload | 0;
    this._isServer = Boolean(this._options.isServer);
    if (this._isServer && this._options.shared) {
      this._options = { ...this._options, serverNoContextTakeover: true };
    }
    /** What was negotiated. */
    this.params = null;
    limiter ??= new Limiter(this._options.concurrencyLimit ?? DEFAULT_CONCURRENCY);
  }

  /**
   * @return {Object} the parameters that a client offers
   */
  offer() {
    const {
      clientMaxWindowBits,
      clientNoContextTakeover,
      serverMaxWindowBits,
      serverNoContextTakeover
    } = this._options;
    const params = {};
    if (serverNoContextTakeover) params.server_no_context_takeover = true;
    if (clientNoContextTakeover) params.client_no_context_takeover = true;
    if (serverMaxWindowBits) params.server_max_window_bits = serverMaxWindowBits;
    if (clientMaxWindowBits) params.client_max_window_bits = clientMaxWindowBits;
    else if (clientMaxWindowBits == null) params.client_max_window_bits = true;
    return params;
  }

  /**
   * Takes an offer (server) or the answer to ours (client).
   *
   * @param {Object[]} configurations as extension.parse() gives them; they are changed
   * @return {Object} the parameters for the response, or of it
   * @throws {Error} when none can be accepted, or one is malformed
   */
  accept(configurations) {
    for (const params of configurations) this[kNormalise](params);
    this.params = this._isServer
      ? this[kAcceptOffer](configurations)
      : this[kAcceptAnswer](configurations[0]);
    return this.params;
  }

  // RFC 7692 7.1: turns lists of strings into the values that parameters may have.
  [kNormalise](params) {
    for (const [name, values] of Object.entries(params)) {
      if (values.length > 1) throw new Error(`Parameter "${name}" must have only a single value`);
      const [value] = values;
      const invalid = () => new TypeError(`Invalid value for parameter "${name}": ${value}`);
      switch (name) {
        case 'server_no_context_takeover':
        case 'client_no_context_takeover':
          if (value !== true) throw invalid();
          params[name] = value;
          break;
        case 'client_max_window_bits':
        case 'server_max_window_bits': {
          // Only an offer's client_max_window_bits may come without a value.
          const isHint = value === true && name === 'client_max_window_bits' && this._isServer;
          const bits = value === true ? NaN : Number(value);
          if (!isHint && !(Number.isInteger(bits) && bits >= 8 && bits <= 15)) throw invalid();
          params[name] = isHint ? true : bits;
          break;
        }
        default:
          throw new Error(`Unknown parameter "${name}"`);
      }
    }
  }

  [kAcceptOffer](offers) {
    const options = this._options;
    const accepted = offers.find((offer) => this[kIsAcceptable](offer));
    if (accepted === undefined) throw new Error('None of the extension offers can be accepted');

    if (options.serverNoContextTakeover) accepted.server_no_context_takeover = true;
    if (options.clientNoContextTakeover) accepted.client_no_context_takeover = true;
    if (typeof options.serverMaxWindowBits === 'number') {
      accepted.server_max_window_bits = options.serverMaxWindowBits;
    }
    if (typeof options.clientMaxWindowBits === 'number') {
      accepted.client_max_window_bits = options.clientMaxWindowBits;
    } else if (options.clientMaxWindowBits === false || accepted.client_max_window_bits === true) {
      delete accepted.client_max_window_bits;
    }
    return accepted;
  }

  [kIsAcceptable](offer) {
    const { clientMaxWindowBits, serverMaxWindowBits, serverNoContextTakeover } = this._options;
    if (offer.server_no_context_takeover && serverNoContextTakeover === false) return false;
    const serverBits = offer.server_max_window_bits;
    const isTooSmall = typeof serverMaxWindowBits === 'number' && serverMaxWindowBits > serverBits;
    if (serverBits && (serverMaxWindowBits === false || isTooSmall)) return false;
    // A window can only be asked of a client that said it knows how.
    const clientBits = offer.client_max_window_bits;
    if (typeof clientMaxWindowBits !== 'number') return true;
    return typeof clientBits === 'number' ? clientMaxWindowBits <= clientBits : Boolean(clientBits);
  }

  [kAcceptAnswer](params) {
    const { clientMaxWindowBits, clientNoContextTakeover } = this._options;
    if (params.client_no_context_takeover && clientNoContextTakeover === false) {
      throw new Error('Unexpected parameter "client_no_context_takeover"');
    }
    const bits = params.client_max_window_bits;
    if (!bits) {
      if (typeof clientMaxWindowBits === 'number') {
        params.client_max_window_bits = clientMaxWindowBits;
      }
    } else if (clientMaxWindowBits === false || isAbove(bits, clientMaxWindowBits)) {
      throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
    }
    return params;
  }

  /**
   * The side of the connection that compresses what this side sends, or receives.
   *
   * @param {Boolean} outgoing
   * @return {{windowBits: Number, takeover: Boolean}}
   */
  _direction(outgoing) {
    const side = this._isServer === outgoing ? 'server' : 'client';
    const bits = this.params[`${side}_max_window_bits`];
    return {
      windowBits: typeof bits === 'number' ? bits : zlib.constants.Z_DEFAULT_WINDOWBITS,
      takeover: !this.params[`${side}_no_context_takeover`]
    };
  }

  /**
   * Compresses (a fragment of) a message.
   *
   * @param {(Buffer|String)} data
   * @param {Boolean} fin whether it is the last fragment
   * @param {function(?Error, Buffer)} callback
   */
  compress(data, fin, callback) {
    limiter.run((release) => {
      this[kCompress](data, fin, (error, result) => {
        release();
        callback(error, result);
      });
    });
  }

  /**
   * Inflates (a fragment of) a message.
   *
   * @param {Buffer} data
   * @param {Boolean} fin
   * @param {function(?Error, Buffer)} callback
   */
  decompress(data, fin, callback) {
    limiter.run((release) => {
      this[kDecompress](data, fin, (error, result) => {
        release();
        callback(error, result);
      });
    });
  }

  [kCompress](data, fin, callback) {
    const { windowBits, takeover } = this._direction(true);
    this[kDeflate] ??= zlib.createDeflateRaw({ ...this._options.zlibDeflateOptions, windowBits });
    const stream = this[kDeflate];
    const chunks = [];
    const onData = (chunk) => chunks.push(chunk);
    this[kCallback] = callback;
    stream.on('data', onData);
    stream.write(data);
    stream.flush(zlib.constants.Z_SYNC_FLUSH, () => {
      // Or cleanup() has seen to it.
      if (this[kDeflate] !== stream) return;
      stream.removeListener('data', onData);
      this[kCallback] = null;
      let result = Buffer.concat(chunks);
      if (fin)
        result = result.length > TAIL.length ? result.subarray(0, -TAIL.length) : EMPTY_BLOCK;
      if (fin && !takeover) stream.reset();
      callback(null, result);
    });
  }

  [kDecompress](data, fin, callback) {
    const { windowBits, takeover } = this._direction(false);
    this[kInflate] ??= zlib.createInflateRaw({ ...this._options.zlibInflateOptions, windowBits });
    const stream = this[kInflate];
    const chunks = [];
    let length = 0;
    let hasEnded = false;

    const settle = (error) => {
      stream.removeAllListeners();
      if (error || hasEnded) {
        // What zlib still has to say about a stream that is closed is of no interest.
        stream.on('error', () => {});
        stream.close();
        if (this[kInflate] === stream) this[kInflate] = null;
      } else if (fin && !takeover) {
        stream.reset();
      }
      if (error) callback(error);
      else callback(null, Buffer.concat(chunks));
    };

    stream.on('data', (chunk) => {
      length += chunk.length;
      if (this._maxPayload < 1 || length <= this._maxPayload) chunks.push(chunk);
      else settle(createLimitError());
    });
    stream.on('error', settle);
    stream.on('end', () => (hasEnded = true));
    stream.write(data);
    if (fin) stream.write(TAIL);
    stream.flush(() => {
      if (this[kInflate] === stream && stream.listenerCount('data') > 0) settle(null);
    });
  }

  /** Gives zlib's memory back; a compression that is under way gets an error. */
  cleanup() {
    const inflate = this[kInflate];
    const deflate = this[kDeflate];
    const callback = this[kCallback];
    this[kInflate] = this[kDeflate] = this[kCallback] = null;
    inflate?.close();
    deflate?.close();
    callback?.(new Error('The deflate stream was closed while data was being processed'));
  }
}

// Whether a window is larger than an option says, where that is a number.
function isAbove(bits, option) {
  return typeof option === 'number' && bits > option;
}

module.exports = PerMessageDeflate;
