'use strict';

const { HeaderScanner } = require('./header-scanner');

/**
 * Parses a Sec-WebSocket-Protocol header: a list of distinct tokens (RFC 6455 11.3.4).
 *
 * @param {String} header
 * @return {Set<String>} the subprotocols, in the client's order of preference
 * @throws {SyntaxError} for anything else
 */
function parse(header) {
  const protocols = new Set();
  const scanner = new HeaderScanner(header);
  let separator;
  do {
    const protocol = scanner.token();
    separator = scanner.separator(',');
    if (protocols.has(protocol)) {
      throw new SyntaxError(`The "${protocol}" subprotocol is duplicated`);
    }
    protocols.add(protocol);
  } while (separator === ',');
  return protocols;
}

module.exports = { parse };
