'use strict';

const { isToken } = require('../validation');

// One element of the grammar of RFC 6455 9.1 at a time: separators, tokens, quoted strings.
const PART = /[ \t]*(?:([,;=])|([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)")/y;

function add(object, name, value) {
  if (object[name] === undefined) object[name] = [];
  object[name].push(value);
}

function fail(index) {
  throw new SyntaxError(`Unexpected character at index ${index}`);
}

// Reads the parts of a header one after the other.
class Parts {
  #header;
  #at = 0;

  /** Where the next part, or what is none, begins. */
  get index() {
    return this.#at + /^[ \t]*/.exec(this.#header.slice(this.#at))[0].length;
  }

  constructor(header) {
    this.#header = header;
  }

  get isAtEnd() {
    return this.#at === this.#header.length;
  }

  /** The next part: { separator }, { token } or { quoted }. */
  next() {
    PART.lastIndex = this.#at;
    const match = PART.exec(this.#header);
    if (match === null) {
      if (this.index >= this.#header.length) throw new SyntaxError('Unexpected end of input');
      fail(this.index);
    }
    const [, separator, token, quoted] = match;
    this.#at = PART.lastIndex;
    return { separator, token, quoted };
  }

  token() {
    const { index } = this;
    const { token } = this.next();
    if (token === undefined) fail(index);
    return token;
  }

  /** A token, or a quoted string whose content is one, with no white space before it. */
  value() {
    const { index } = this;
    if (index !== this.#at) fail(this.#at);
    const { token, quoted } = this.next();
    if (token !== undefined) return token;
    const value = quoted?.replace(/\\(.)/g, '$1');
    if (!isToken(value)) fail(index);
    return value;
  }

  /** The next separator, or an empty string at the end. No white space may precede a "=". */
  separator(allowed) {
    if (this.isAtEnd) return '';
    const { index } = this;
    const isAdjacent = index === this.#at;
    const { separator } = this.next();
    if (separator === undefined || !allowed.includes(separator)) fail(index);
    if (separator === '=' && !isAdjacent) fail(index);
    return separator;
  }
}

/**
 * Parses a Sec-WebSocket-Extensions header (RFC 6455 9.1).
 *
 * @param {String} header
 * @return {Object} for each extension's name the list of its offers: objects with, for each
 *     parameter's name, the list of its values (true where there is none)
 * @throws {SyntaxError}
 */
function parse(header) {
  const offers = Object.create(null);
  const parts = new Parts(header);
  if (parts.index > 0 && !parts.isAtEnd) fail(0);
  let separator;
  do {
    const name = parts.token();
    const params = Object.create(null);
    separator = parts.separator(',;');
    while (separator === ';') {
      const param = parts.token();
      separator = parts.separator(',;=');
      if (separator === '=') {
        add(params, param, parts.value());
        separator = parts.separator(',;');
      } else {
        add(params, param, true);
      }
    }
    add(offers, name, params);
  } while (separator === ',');
  return offers;
}

const list = (value) => (Array.isArray(value) ? value : [value]);

/**
 * Writes a Sec-WebSocket-Extensions header.
 *
 * @param {Object} extensions what parse() gives; lists of one may be given as their element
 * @return {String}
 */
function format(extensions) {
  const formatParam = ([name, values]) =>
    list(values).map((value) => (value === true ? name : `${name}=${value}`));
  return Object.entries(extensions)
    .flatMap(([name, offers]) =>
      list(offers).map((params) =>
        [name, ...Object.entries(params).flatMap(formatParam)].join('; ')
      )
    )
    .join(', ');
}

module.exports = { format, parse };
