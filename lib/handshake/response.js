'use strict';

const { STATUS_CODES } = require('http');

/**
 * Writes the response that refuses an upgrade, as ws writes it.
 *
 * @param {Number} code the HTTP status
 * @param {String} [message] the body; the status' name by default
 * @param {Object} [headers] to add, or to replace Connection, Content-Type and Content-Length with
 * @return {String}
 */
function formatRefusal(code, message, headers) {
  const body = message || STATUS_CODES[code];
  const fields = Object.entries({
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\n${lines.join('')}\r\n${body}`;
}

module.exports = { formatRefusal };
