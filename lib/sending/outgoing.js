'use strict';

const native = require('../native/addon');
const { nextTick } = require('../native/realm');
const seam = require('../native/seam');
const { kHandle, kLink, kOptions, kSendFailed, kSetPlain } = require('../symbols');
const { isBlob, sizeOf, toPayload } = require('../validation');
const { SendQueue } = require('./send-queue');

const { COMPRESS, FIN, MASK, RSV1 } = seam.flag;
const { BINARY, CLOSE, CONTINUATION, TEXT } = seam.opcode;

/**
 * What a connection sends that is not a whole, plain message: fragments, what is compressed, masked by
 * the user or read from a Blob, and whatever has to wait behind that.
 */
class Outgoing {
  #ws;
  // How messages are compressed; see native/compression.js.
  #compression;
  // Whether the last message that was sent is unfinished, and whether it is compressed.
  #isInFragments = false;
  #compressesFragments = false;
  // Bytes that were compressed in this turn, which ws would still be compressing.
  #justCompressed = 0;
  #queue = null;

  /**
   * @param {WebSocket} ws
   * @param {(Compression|null)} compression
   */
  constructor(ws, compression) {
    this.#ws = ws;
    this.#compression = compression;
  }

  /** Bytes of payload that wait to be read or compressed. */
  get bytes() {
    return this.#justCompressed + (this.#queue === null ? 0 : this.#queue.bytes);
  }

  /** Whether a whole message can be sent without this. */
  get isPlain() {
    return (
      !this.#isInFragments &&
      this.#queue === null &&
      this.#compression === null &&
      !this.#ws[kOptions].generateMask
    );
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data
   * @param {{binary: *, compress: *, fin: *, mask: *}} options all of them
   * @param {Function} [callback]
   */
  send(data, { binary, compress, fin, mask }, callback) {
    let flags = (fin ? FIN : 0) | (mask ? MASK : 0);
    const payload = toPayload(data);
    if (this.#isInFragments) {
      flags |= CONTINUATION;
    } else {
      flags |= binary ? BINARY : TEXT;
      // The first fragment decides for all of them.
      this.#compressesFragments = Boolean(compress) && this.#isWorthCompressing(payload);
      if (this.#compressesFragments) flags |= RSV1;
    }
    if (this.#compressesFragments) flags |= COMPRESS;
    this.#isInFragments = !fin;
    this.#sendPayload(payload, flags, callback);
    this.#ws[kSetPlain](this.isPlain);
  }

  #isWorthCompressing(payload) {
    return this.#compression !== null && sizeOf(payload) >= this.#compression.threshold;
  }

  /**
   * Sends a ping or a pong.
   *
   * @param {(Uint8Array|Blob)} payload from controlPayload()
   * @param {Number} flags with opcode and MASK
   * @param {Function} [callback]
   */
  sendControl(payload, flags, callback) {
    this.#sendPayload(payload, flags | FIN, callback);
  }

  // Sends one frame, behind what is still being read or compressed.
  #sendPayload(payload, flags, callback) {
    const ws = this.#ws;
    if (this.#queue === null && !isBlob(payload) && !this.#isForLater(payload, flags)) {
      this.#sendFrame(payload, flags);
      // As under ws, what is compressed reaches a stream later.
      if ((flags & COMPRESS) !== 0) ws[kLink].pumpLater(ws[kHandle], callback);
      else ws[kLink].pump(ws[kHandle], callback);
      return;
    }
    const isControl = (flags & CLOSE) !== 0;
    this.#ensureQueue().push(
      // What was checked may not grow meanwhile.
      isControl && !isBlob(payload) ? Buffer.from(payload) : payload,
      sizeOf(payload),
      (bytes) => this.#sendFrame(bytes, flags),
      callback
    );
  }

  #isForLater(payload, flags) {
    return (flags & COMPRESS) !== 0 && payload.length > this.#compression.asyncThreshold;
  }

  // Returns true if it takes longer, until compressed() is called.
  #sendFrame(bytes, flags) {
    const ws = this.#ws;
    const key = (flags & MASK) === 0 ? undefined : makeMask(ws[kOptions]);
    if (this.#isForLater(bytes, flags)) {
      native.sendLater(ws[kHandle], bytes, flags, key);
      return true;
    }
    native.send(ws[kHandle], bytes, flags, key);
    if ((flags & COMPRESS) !== 0) this.#countCompressed(bytes.length);
    return false;
  }

  // Under ws compressing takes some time, during which the bytes count as buffered.
  #countCompressed(size) {
    if (this.#justCompressed === 0) nextTick(() => (this.#justCompressed = 0));
    this.#justCompressed += size;
  }

  #ensureQueue() {
    if (this.#queue === null) {
      const ws = this.#ws;
      this.#queue = new SendQueue({
        isClosed: () => ws[kHandle] === 0,
        onError: (error) => ws[kSendFailed](error),
        onSent: (callback) => ws[kLink].pump(ws[kHandle], callback),
        onEmpty: () => {
          this.#queue = null;
          ws[kSetPlain](this.isPlain);
        }
      });
      ws[kSetPlain](false);
    }
    return this.#queue;
  }

  /**
   * Runs what sends something, behind what is still being read or compressed.
   *
   * @param {function()} send
   */
  inTurn(send) {
    if (this.#queue !== null) {
      this.#queue.push(null, 0, send, undefined);
      return;
    }
    send();
    this.#ws[kLink].pump(this.#ws[kHandle]);
  }

  /** What sendLater() was given is in the addon's queue. */
  compressed() {
    this.#queue?.compressed();
  }

  /** The connection is gone. */
  closed() {
    this.#queue?.closed();
  }
}

/**
 * A masking key of the user's.
 *
 * @param {{generateMask: function(Buffer)=}} options
 * @return {(Buffer|undefined)} nothing where the addon is to make one
 */
function makeMask({ generateMask }) {
  if (!generateMask) return undefined;
  const key = Buffer.alloc(4);
  generateMask(key);
  return key;
}

module.exports = { Outgoing, makeMask };
