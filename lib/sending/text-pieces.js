'use strict';

const isHighSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdbff;
const UTF8 = ['utf8', 'utf-8'];

/**
 * Whether a chunk is a text, and not bytes that are written as one.
 *
 * @param {{chunk: (String|Uint8Array), encoding: String}} written
 * @return {Boolean}
 */
function isText({ chunk, encoding }) {
  return typeof chunk === 'string' && UTF8.includes(encoding.toLowerCase());
}

/** Makes bytes of what is written to a stream: a character may come in two halves. */
class TextPieces {
  // The first half of a surrogate pair that a string ended with.
  #half = '';

  /** Whether half a character is kept. */
  get hasHalf() {
    return this.#half !== '';
  }

  /**
   * @param {{chunk: (String|Uint8Array), encoding: String}} written
   * @return {Uint8Array} but for a half character at the end, which is kept
   */
  encode({ chunk, encoding }) {
    if (typeof chunk !== 'string') return this.#behindHalf(chunk);
    if (!isText({ chunk, encoding })) return this.#behindHalf(Buffer.from(chunk, encoding));
    let text = this.#half + chunk;
    this.#half = '';
    if (isHighSurrogate(text.charCodeAt(text.length - 1))) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return Buffer.from(text);
  }

  /** @return {Uint8Array} what is left when nothing follows */
  end() {
    const half = Buffer.from(this.#half);
    this.#half = '';
    return half;
  }

  #behindHalf(bytes) {
    return this.#half === '' ? bytes : Buffer.concat([this.end(), bytes]);
  }
}

module.exports = { TextPieces, isText };
