'use strict';

const { HeaderScanner } = require('./header-scanner');

function add(object, name, value) {
  if (object[name] === undefined) object[name] = [];
  object[name].push(value);
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
  const scanner = new HeaderScanner(header);
  let separator;
  do {
    const name = scanner.token();
    const params = Object.create(null);
    separator = scanner.separator(',;');
    while (separator === ';') {
      const param = scanner.token();
      separator = scanner.separator(',;=');
      if (separator === '=') {
        add(params, param, scanner.value());
        separator = scanner.separator(',;');
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
