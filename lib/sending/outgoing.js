'use strict';

const { READY_STATES } = require('../constants');
const { createCompressingError, createInterruptedError } = require('../errors');
const native = require('../native/addon');
const { nextTick } = require('../native/realm');
const seam = require('../native/seam');
const { kHandle, kLink, kOptions, kSendFailed, kSetPlain } = require('../symbols');
const { isBlob, sizeOf, toPayload } = require('../validation');
const { frameSizeOf } = require('./frame-size');
const { FramedMessage } = require('./framed-message');
const { SendQueue } = require('./send-queue');

const { COMPRESS, FIN, MASK, RSV1 } = seam.flag;
const { BINARY, CLOSE, CONTINUATION, TEXT } = seam.opcode;

const OPEN = READY_STATES.indexOf('OPEN');
// RFC 6455 7.4.1: a condition that keeps the endpoint from fulfilling what was asked.
const INTERNAL_ERROR = 1011;

/**
 * What a connection sends that is not a whole, plain message: fragments, what is compressed, masked by
 * the user or read from a Blob, messages in several frames, and whatever has to wait behind that.
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
  // The most bytes that a frame may have; 0: any number.
  #maxFrameSize;
  // What follows when a piece of a message is compressed.
  #whenCompressed = null;

  /**
   * @param {WebSocket} ws
   * @param {(Compression|null)} compression
   */
  constructor(ws, compression) {
    this.#ws = ws;
    this.#compression = compression;
    this.#maxFrameSize = frameSizeOf(ws[kOptions].maxFrameSize);
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
      this.#maxFrameSize === 0 &&
      !this.#ws[kOptions].generateMask
    );
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data
   * @param {{binary: *, compress: *, fin: *, mask: *, maxFrameSize: *}} options the
   *     last one is optional
   * @param {Function} [callback]
   */
  send(data, { binary, compress, fin, mask, maxFrameSize }, callback) {
    let flags = (fin ? FIN : 0) | (mask ? MASK : 0);
    const most = maxFrameSize === undefined ? this.#maxFrameSize : frameSizeOf(maxFrameSize);
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
    if (most > 0 && sizeOf(payload) > most) this.#sendInFrames(payload, flags, most, callback);
    else this.#sendPayload(payload, flags, callback);
    this.#ws[kSetPlain](this.isPlain);
  }

  #sendInFrames(payload, flags, most, cb) {
    let message;
    const send = (bytes) => {
      message = new FramedMessage(this, bytes, flags, most, () => this.#queue.done());
      return !this.#orEnd(() => message.send());
    };
    const hurry = () => message.hurry();
    const stop = () => message?.stop();
    const size = sizeOf(payload);
    this.#ensureQueue().push({ cb, data: payload, hurry, isInFrames: true, send, size, stop });
  }

  // Nothing can follow a message that a masking function keeps from being finished.
  #orEnd(send) {
    try {
      return send();
    } catch (error) {
      this.#ws.terminate();
      throw error;
    }
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
    const passes = this.#queue === null || ((flags & CLOSE) !== 0 && this.#queue.isInFrames);
    if (passes && !isBlob(payload) && !this.#isForLater(payload, flags)) {
      this.#sendFrame(payload, flags);
      // As under ws, what is compressed reaches a stream later.
      if ((flags & COMPRESS) !== 0) ws[kLink].pumpLater(ws[kHandle], callback);
      else ws[kLink].pump(ws[kHandle], callback);
      return;
    }
    const isControl = (flags & CLOSE) !== 0;
    this.#ensureQueue().push({
      cb: callback,
      // What was checked may not grow meanwhile.
      data: isControl && !isBlob(payload) ? Buffer.from(payload) : payload,
      isControl,
      send: (bytes) => this.#sendFrame(bytes, flags),
      size: sizeOf(payload)
    });
  }

  #isForLater(payload, flags) {
    return (flags & COMPRESS) !== 0 && payload.length > this.#compression.asyncThreshold;
  }

  // Returns true if it takes longer, until compressed() is called.
  #sendFrame(bytes, flags) {
    const ws = this.#ws;
    const key = (flags & MASK) === 0 ? undefined : makeMask(ws[kOptions]);
    if (this.#isForLater(bytes, flags)) {
      native.sendLater(ws[kHandle], bytes, flags, key, Infinity);
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

  /** Whether each frame has a masking key of the user's. */
  get asksForMasks() {
    return Boolean(this.#ws[kOptions].generateMask);
  }

  /** Whether a piece is being compressed, so that no other data may be sent. */
  get isCompressing() {
    return this.#whenCompressed !== null;
  }

  /** Whether everything was taken that is queued. */
  get isTaken() {
    return this.#ws[kLink].isTaken(this.#ws[kHandle]);
  }

  /** @param {Function} callback called when everything was taken that is queued now, or with an error */
  whenTaken(callback) {
    this.#ws[kLink].whenTaken(this.#ws[kHandle], callback);
  }

  /** @param {Number} size bytes of the message whose turn it is, that are not waiting any more */
  progressed(size) {
    this.#queue.progressed(size);
  }

  /**
   * Sends a piece of a message.
   *
   * @param {Uint8Array} bytes
   * @param {Number} flags
   * @param {Number} most bytes that a frame may have
   * @param {function()} then called when a piece that takes longer is queued
   * @return {Boolean} false if it does
   */
  sendPiece(bytes, flags, most, then) {
    const ws = this.#ws;
    const key = (flags & MASK) === 0 ? undefined : makeMask(ws[kOptions]);
    if (this.#isForLater(bytes, flags)) {
      this.#whenCompressed = then;
      native.sendLater(ws[kHandle], bytes, flags, key, most);
      return false;
    }
    native.sendFrames(ws[kHandle], bytes, flags, key, most);
    if ((flags & COMPRESS) !== 0) this.#countCompressed(bytes.length);
    return true;
  }

  /**
   * Takes the next turn for a message that is not whole yet.
   *
   * @param {Job} job in frames
   * @throws {Error} within a message that is sent in fragments
   */
  open(job) {
    if (this.#isInFragments) throw new Error('The message before is not finished');
    this.#ensureQueue().push(job);
  }

  /**
   * What such a message is to be sent with.
   *
   * @param {Boolean} compress whether to compress it where that was negotiated
   * @return {{flags: Number, most: Number}}
   */
  termsFor(compress) {
    const isCompressed = compress && this.#compression !== null;
    return {
      flags: (this.#ws._isServer ? 0 : MASK) | (isCompressed ? COMPRESS : 0),
      most: this.#maxFrameSize === 0 ? Infinity : this.#maxFrameSize
    };
  }

  /** The message is sent. */
  finish() {
    this.#queue.done();
  }

  /**
   * A message is not going to be sent, or not to its end, after which a close frame is all that can
   * follow (RFC 6455 5.4).
   *
   * @param {Job} job
   * @param {Boolean} hasBegun
   */
  abandon(job, hasBegun) {
    const ws = this.#ws;
    if (!hasBegun) {
      this.#queue?.remove(job);
      return;
    }
    this.#queue?.cut(createInterruptedError());
    if (ws.readyState === OPEN) ws.close(INTERNAL_ERROR);
    // Whoever has put something in the place of close() cannot go on here, either.
    if (ws.readyState === OPEN) ws.terminate();
    if (this.isCompressing) this.#whenCompressed = () => this.#queue?.remove(job);
    else this.#queue?.remove(job);
  }

  #ensureQueue() {
    if (this.#queue === null) {
      const ws = this.#ws;
      this.#queue = new SendQueue({
        isClosed: () => ws[kLink].isDestroyed(ws[kHandle]),
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
   * Runs what sends a close frame, behind what is still being read or compressed. Messages whose end
   * nobody has written yet are given up.
   *
   * @param {function()} send
   */
  inTurn(send) {
    for (const job of this.#queue?.jobs() ?? []) job.interrupt?.();
    this.#queue?.hurry();
    if (this.#queue !== null) {
      this.#queue.push({ data: null, send, size: 0, isCloseFrame: true });
      return;
    }
    send();
    this.#ws[kLink].pump(this.#ws[kHandle]);
  }

  /** What sendLater() was given is in the addon's queue. */
  compressed() {
    const then = this.#whenCompressed;
    this.#whenCompressed = null;
    if (then !== null) then();
    else this.#queue?.done();
  }

  /** A close frame went that waited for nothing: what is in frames is not finished. */
  broken() {
    if (this.#queue?.isInFrames) this.#queue.closed(createInterruptedError());
  }

  /**
   * The connection is gone.
   *
   * @param {Error} [cause] what was wrong with the transport
   */
  closed(cause) {
    if (this.#queue === null) return;
    const error = this.#queue.isInFrames ? createInterruptedError() : createCompressingError(cause);
    this.#queue.closed(error);
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
