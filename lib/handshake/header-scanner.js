'use strict';

// By character code: whether it may be in a token (RFC 9110 5.6.2).
const isTokenCode = new Uint8Array(128);
for (let code = 0x21; code < 0x7f; code++) {
  isTokenCode[code] = Number(!'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(code)));
}

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const isSpace = (code) => code === SPACE || code === TAB;

/**
 * Reads a header value from left to right, each character once: whatever a peer sends, the time is
 * that of its length. What does not fit is a SyntaxError that says where, as ws says it.
 */
class HeaderScanner {
  #text;
  #at = 0;

  /** @param {String} text the header's value */
  constructor(text) {
    this.#text = text;
  }

  get #code() {
    return this.#text.charCodeAt(this.#at);
  }

  /** Throws what is to be said about the character that comes next, or about the end. */
  #fail() {
    if (this.#at === this.#text.length) throw new SyntaxError('Unexpected end of input');
    throw new SyntaxError(`Unexpected character at index ${this.#at}`);
  }

  #skipSpace() {
    const text = this.#text;
    let at = this.#at;
    while (isSpace(text.charCodeAt(at))) at++;
    this.#at = at;
  }

  #token() {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    while (isTokenCode[text.charCodeAt(at)] === 1) at++;
    this.#at = at;
    if (at === start) this.#fail();
    return text.slice(start, at);
  }

  // A quoted string with a token in it, as RFC 6455 9.1 demands; the first quote is read.
  #quoted() {
    let value = '';
    while (this.#code !== QUOTE) {
      if (this.#code === BACKSLASH) {
        this.#at++;
        if (isTokenCode[this.#code] !== 1) this.#fail();
        value += this.#text[this.#at++];
      } else {
        value += this.#token();
      }
    }
    if (value === '') this.#fail();
    this.#at++;
    return value;
  }

  /**
   * The next token. White space may come before it, but not at the very beginning.
   *
   * @return {String}
   * @throws {SyntaxError}
   */
  token() {
    if (this.#at > 0) this.#skipSpace();
    return this.#token();
  }

  /**
   * A parameter's value: a token, or a quoted one, with no white space before it.
   *
   * @return {String}
   * @throws {SyntaxError}
   */
  value() {
    if (this.#code !== QUOTE) return this.#token();
    this.#at++;
    return this.#quoted();
  }

  /**
   * What follows a token or a value. White space may come before it, but not before a "=" nor at
   * the very end.
   *
   * @param {String} allowed the separators
   * @return {String} the one that was there; empty at the end
   * @throws {SyntaxError}
   */
  separator(allowed) {
    const start = this.#at;
    this.#skipSpace();
    const hadSpace = this.#at > start;
    if (this.#at === this.#text.length && !hadSpace) return '';
    const separator = this.#text[this.#at] ?? '';
    if (separator === '' || !allowed.includes(separator)) this.#fail();
    if (separator === '=' && hadSpace) this.#fail();
    this.#at++;
    return separator;
  }
}

/**
 * A string without the white space around it (RFC 9110 5.6.3).
 *
 * @param {String} text
 * @return {String}
 */
function trim(text) {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

module.exports = { HeaderScanner, trim };
