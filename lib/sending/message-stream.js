'use strict';

const { Writable, addAbortSignal } = require('stream');

const { EMPTY_BUFFER } = require('../constants');
const { createInterruptedError } = require('../errors');
const { nextTick } = require('../native/realm');
const seam = require('../native/seam');
const { TextPieces, isText } = require('./text-pieces');

const { FIN, RSV1, COMPRESS } = seam.flag;
const { BINARY, CONTINUATION, TEXT } = seam.opcode;

// What is written in small pieces leaves in frames of this size.
const GATHERED = 64 * 1024;

/**
 * One message, which is sent while it is written (RFC 6455 5.4). Other messages wait behind it;
 * control frames do not.
 *
 * What is written in one tick is gathered, since peers limit the frames that a message may have. The
 * callback of a write comes when the kernel (or the stream below) has taken the bytes.
 */
class MessageStream extends Writable {
  #outgoing;
  #job;
  #flags;
  #most;
  #isBinary;
  #text = new TextPieces();
  #isTurn = false;
  #hasBegun = false;
  #hasFinished = false;
  // Nobody waits for a slow peer any more: a close frame comes behind this message.
  #hurries = false;
  // Whether pieces are being sent: a masking function may do anything meanwhile.
  #isSending = false;
  // What is to be done in a moment, or when the message's turn comes.
  #action = null;
  // The callback of the write, or of the end, that is under way.
  #callback = null;

  /**
   * @param {Outgoing} outgoing
   * @param {Object} options
   * @param {Boolean} [options.binary] the kind of message; by default a string as the first chunk makes
   *     it text
   * @param {Boolean} [options.compress=true] whether it is compressed where that was negotiated
   * @param {Number} [options.highWaterMark] of the Writable
   * @param {AbortSignal} [options.signal] destroys it
   * @throws {Error} while a message is sent in fragments
   */
  constructor(outgoing, { binary, compress = true, highWaterMark, signal }) {
    super({ decodeStrings: false, highWaterMark });
    this.#outgoing = outgoing;
    this.#isBinary = binary;
    const { flags, most } = outgoing.termsFor(Boolean(compress));
    this.#flags = flags;
    this.#most = most;
    this.#job = {
      cb: (error) => this.#onJobDone(error),
      data: null,
      hurry: () => this.#hurry(),
      interrupt: () => this.#interrupt(),
      isInFrames: true,
      send: () => this.#begin(),
      size: 0
    };
    outgoing.open(this.#job);
    // Not the Writable's option, which destroys it before it is made.
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  /** Whether sendNow() may be called: bytes leave as they are, and no code of the user's sees them. */
  get sendsAtOnce() {
    return (this.#flags & COMPRESS) === 0 && !this.#outgoing.asksForMasks;
  }

  /**
   * Sends bytes, if nothing has to be waited for.
   *
   * @param {Uint8Array} bytes at least one
   * @return {Boolean} whether they were sent; their memory is not needed any more then
   */
  sendNow(bytes) {
    const isOpen = this.#isTurn && !this.destroyed && !this.writableEnded;
    const isFree = this.writableLength === 0 && !this.#text.hasHalf;
    if (!isOpen || !isFree || !this.#outgoing.isTaken) return false;
    this.#isBinary ??= true;
    return this.#sendPieces([bytes], 0, false);
  }

  _write(chunk, encoding, callback) {
    this.#writeAll([{ chunk, encoding }], callback);
  }

  _writev(chunks, callback) {
    this.#writeAll(chunks, callback);
  }

  _final(callback) {
    if (this.#hasFinished) {
      callback();
      return;
    }
    this.#callback = callback;
    this.#soon(() => this.#send([this.#text.end()], true));
  }

  _destroy(error, callback) {
    if (!this.#hasFinished) {
      this.#hasFinished = true;
      this.#action = null;
      this.#outgoing.abandon(this.#job, this.#hasBegun);
    }
    if (this.#callback !== null) this.#callBack(error ?? createInterruptedError());
    callback(error);
  }

  #callBack(error) {
    const callback = this.#callback;
    this.#callback = null;
    callback?.(error);
  }

  // Its turn has come.
  #begin() {
    this.#isTurn = true;
    if (this.#action !== null) nextTick(() => this.#act());
    return true;
  }

  // A tick later, when it is known what else was written in this one, and whether that was all.
  #soon(action) {
    this.#action = action;
    if (!this.#isTurn) return;
    if (this.#hurries) this.#act();
    else nextTick(() => this.#act());
  }

  #act() {
    const action = this.#action;
    this.#action = null;
    try {
      action?.();
    } catch (error) {
      // A masking function's.
      this.destroy(error);
    }
  }

  #writeAll(chunks, callback) {
    // The message has ended already: chunks without bytes are all that can follow.
    if (this.#hasFinished) {
      callback();
      return;
    }
    this.#callback = callback;
    const size = this.writableLength;
    this.#soon(() => {
      const pieces = this.#gather(chunks);
      // Nothing was written since, and nothing will be.
      const isLast = this.writableEnded && this.writableLength === size;
      if (isLast) pieces.push(this.#text.end());
      this.#send(pieces, isLast);
    });
  }

  // Small chunks together, large ones as they are.
  #gather(chunks) {
    this.#isBinary ??= !isText(chunks[0]);
    const pieces = [];
    let small = [];
    let size = 0;
    const flush = () => {
      if (size > 0) pieces.push(small.length === 1 ? small[0] : Buffer.concat(small, size));
      small = [];
      size = 0;
    };
    for (const written of chunks) {
      const bytes = this.#text.encode(written);
      if (size + bytes.length > GATHERED) flush();
      small.push(bytes);
      size += bytes.length;
    }
    flush();
    return pieces;
  }

  // Sends pieces one behind the other, and calls back when the last one was taken.
  #send(pieces, isLast) {
    const wanted = pieces.filter((piece) => piece.length > 0);
    if (isLast && wanted.length === 0) wanted.push(EMPTY_BUFFER);
    this.#sendNext(wanted, 0, isLast);
  }

  #sendNext(pieces, from, isLast) {
    this.#isSending = true;
    try {
      if (!this.#sendPieces(pieces, from, isLast)) return;
    } finally {
      this.#isSending = false;
    }
    if (isLast) this.#outgoing.finish();
    else this.#onceTaken(pieces.length > 0);
  }

  // False if that takes longer, or nothing more is to be sent.
  #sendPieces(pieces, from, isLast) {
    for (let i = from; i < pieces.length; i++) {
      if (this.destroyed) return false;
      const fin = isLast && i === pieces.length - 1;
      const flags = this.#flagsOf(fin);
      this.#hasBegun = true;
      if (fin) this.#hasFinished = true;
      const then = () => this.#sendNext(pieces, i + 1, isLast);
      if (!this.#outgoing.sendPiece(pieces[i], flags, this.#most, then)) return false;
    }
    return true;
  }

  #flagsOf(fin) {
    const end = fin ? FIN : 0;
    if (this.#hasBegun) return this.#flags | CONTINUATION | end;
    const opcode = (this.#isBinary ?? true) ? BINARY : TEXT;
    const rsv1 = (this.#flags & COMPRESS) === 0 ? 0 : RSV1;
    return this.#flags | opcode | rsv1 | end;
  }

  #onceTaken(hasSent) {
    if (this.#hurries || !hasSent) {
      this.#callBack(null);
      return;
    }
    this.#outgoing.whenTaken((error) => {
      if (error) this.destroy(error);
      else this.#callBack(null);
    });
  }

  // The message was taken to its end, or the connection is gone.
  #onJobDone(error) {
    if (!error) {
      this.#callBack(null);
      return;
    }
    this.#hasFinished = true;
    this.destroy(error);
  }

  #hurry() {
    this.#hurries = true;
    if (this.#isSending || this.#outgoing.isCompressing) return;
    if (this.#action !== null) this.#act();
    else if (!this.#hasFinished) this.#callBack(null);
  }

  // A close frame does not wait for what nobody has written yet.
  #interrupt() {
    if (!this.writableEnded) this.destroy(createInterruptedError());
  }
}

module.exports = { MessageStream };
