'use strict';

const { isToken } = require('../validation');

/**
 * Parses a Sec-WebSocket-Protocol header: a list of distinct tokens (RFC 6455 11.3.4).
 *
 * @param {String} header
 * @return {Set<String>} the subprotocols, in the client's order of preference
 * @throws {SyntaxError} for anything else
 */
function parse(header) {
  const protocols = new Set();
  let offset = 0;
  for (const element of header.split(',')) {
    // The white space around an element does not count, but nothing may precede the first one.
    const protocol = element.replace(offset === 0 ? /[ \t]+$/ : /^[ \t]+|[ \t]+$/g, '');
    if (protocol === '') {
      if (offset + element.length === header.length)
        throw new SyntaxError('Unexpected end of input');
      throw new SyntaxError(`Unexpected character at index ${offset + element.length}`);
    }
    if (!isToken(protocol)) {
      const start = offset + element.indexOf(protocol);
      const bad = [...protocol].findIndex((character) => !isToken(character));
      throw new SyntaxError(`Unexpected character at index ${start + bad}`);
    }
    if (protocols.has(protocol)) {
      throw new SyntaxError(`The "${protocol}" subprotocol is duplicated`);
    }
    protocols.add(protocol);
    offset += element.length + 1;
  }
  if (/[ \t]$/.test(header)) throw new SyntaxError('Unexpected end of input');
  return protocols;
}

module.exports = { parse };
