'use strict';

const seam = require('../native/seam');

const { COMPRESS, FIN, MASK } = seam.flag;
const { CONTINUATION } = seam.opcode;

// Bytes that are handed to the addon at once, which makes frames of them. Behind each piece it is asked
// whether the kernel takes more.
const PIECE = 64 * 1024;

/**
 * A whole message that leaves in several frames (RFC 6455 5.4). Only as many are queued as the kernel
 * (or the stream) takes, so that control frames can pass between them.
 */
class FramedMessage {
  #outgoing;
  // What is not sent yet, and whether that is in memory of our own.
  #rest;
  #isOwn;
  #flags;
  #most;
  #onSent;
  #pieceSize;
  #hasBegun = false;
  #hurries = false;
  // Whether a piece is being sent: a masking function may do anything meanwhile.
  #isSending = false;

  /**
   * @param {Outgoing} outgoing
   * @param {Uint8Array} bytes
   * @param {Number} flags of the message, or of a fragment of one
   * @param {Number} most bytes that a frame may have
   * @param {function()} onSent called when all of it is queued, where send() did not say so
   */
  constructor(outgoing, bytes, flags, most, onSent) {
    this.#outgoing = outgoing;
    // Each frame needs a masking key of the user's, whose function may do anything meanwhile.
    this.#isOwn = outgoing.asksForMasks;
    this.#rest = this.#isOwn ? Buffer.from(bytes) : bytes;
    this.#flags = flags;
    this.#most = most;
    this.#onSent = onSent;
    this.#pieceSize = this.#isOwn || most > PIECE ? most : PIECE - (PIECE % most);
  }

  /**
   * Sends what can be sent now.
   *
   * @return {Boolean} whether that was all
   */
  send() {
    this.#isSending = true;
    try {
      do {
        if (!this.#sendPiece()) return false;
      } while (this.#rest.length > 0 && this.#mayGoOn());
    } finally {
      this.#isSending = false;
    }
    return this.#rest.length === 0;
  }

  /** Does not wait for the kernel any more: a close frame comes behind it. */
  hurry() {
    this.#hurries = true;
    this.#goOn();
  }

  // Sends the next piece; false if it is being compressed.
  #sendPiece() {
    const piece = this.#rest.subarray(0, this.#pieceSize);
    this.#rest = this.#rest.subarray(piece.length);
    let flags = this.#flags;
    if (this.#hasBegun) flags = (flags & (COMPRESS | FIN | MASK)) | CONTINUATION;
    if (this.#rest.length > 0) flags &= ~FIN;
    this.#hasBegun = true;
    this.#outgoing.progressed(piece.length);
    return this.#outgoing.sendPiece(piece, flags, this.#most, () => this.#goOn());
  }

  // Whether there is room for more; where there is none, it goes on by itself.
  #mayGoOn() {
    if (this.#hurries || this.#outgoing.isTaken) return true;
    // What the user gave is his again when send() has returned.
    if (!this.#isOwn) this.#rest = Buffer.from(this.#rest);
    this.#isOwn = true;
    this.#outgoing.whenTaken((error) => {
      // Where nothing can be sent any more, whoever knows why stops it.
      if (!error) this.#goOn();
    });
    return false;
  }

  // Behind a piece that was compressed, or that the kernel has taken.
  #goOn() {
    const isBusy = this.#isSending || this.#outgoing.isCompressing;
    if (this.#onSent === undefined || isBusy) return;
    if (this.#rest.length > 0 && !this.send()) return;
    const onSent = this.#onSent;
    this.#onSent = undefined;
    onSent();
  }

  /** Nothing of it can be sent any more. */
  stop() {
    this.#onSent = undefined;
  }
}

module.exports = { FramedMessage };
