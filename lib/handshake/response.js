'use strict';

// All that a server answers to requests, in HTTP/1.1.

const { STATUS_CODES } = require('http');

const native = require('../native/addon');

// RFC 6455 4.4: with 426 and with a wrong version.
const VERSIONS = '13, 8';

/**
 * What the addon finds when it looks at a request: UpgradeStatus of src/protocol/upgrade.h, by name.
 *
 * @type {Object<String, Number>}
 */
const UpgradeStatus = Object.freeze(
  Object.fromEntries(native.upgradeStatuses().map((name, number) => [name, number]))
);

// What is answered to a plain request, beside what ws does: RFC 9110 15.5.22.
const PLAIN_HEADERS = {
  Connection: 'close',
  'Content-Type': 'text/plain',
  'Content-Length': STATUS_CODES[426].length,
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': VERSIONS
};

/**
 * @typedef {Object} Refusal
 * @property {Number} code the HTTP status
 * @property {String} [message] the body, and the sentence of the error in 'wsClientError'
 * @property {Object} [headers] to add
 */

/** @type {Object<Number, Refusal>} by UpgradeStatus */
const REFUSALS = {
  [UpgradeStatus.INVALID_METHOD]: {
    code: 405,
    message: 'Invalid HTTP method',
    headers: { Allow: 'GET' } // RFC 9110 15.5.6.
  },
  [UpgradeStatus.INVALID_UPGRADE]: { code: 400, message: 'Invalid Upgrade header' },
  [UpgradeStatus.INVALID_KEY]: {
    code: 400,
    message: 'Missing or invalid Sec-WebSocket-Key header'
  },
  [UpgradeStatus.INVALID_VERSION]: {
    code: 400,
    message: 'Missing or invalid Sec-WebSocket-Version header',
    headers: { 'Sec-WebSocket-Version': VERSIONS }
  }
};

// What Node's http module answers on its own, without a body.
const PARSER_CODES = {
  [UpgradeStatus.MALFORMED]: 400,
  [UpgradeStatus.TIMED_OUT]: 408,
  [UpgradeStatus.TOO_LARGE]: 431
};

function formatHead(code, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\n${lines.join('')}\r\n`;
}

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
  const head = formatHead(code, {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  });
  return head + body;
}

/**
 * What is wrong with an upgrade.
 *
 * @param {Number} status an UpgradeStatus from INVALID_METHOD on
 * @return {Refusal}
 */
function refusalFor(status) {
  return REFUSALS[status];
}

/**
 * The response to a request that is no valid upgrade.
 *
 * @param {Number} status an UpgradeStatus
 * @param {String} head the request's, where there is one
 * @return {String}
 */
function formatStatus(status, head) {
  const code = PARSER_CODES[status];
  if (code !== undefined) return formatHead(code, { Connection: 'close' });
  if (status === UpgradeStatus.NOT_AN_UPGRADE) {
    const body = head.trimStart().startsWith('HEAD ') ? '' : STATUS_CODES[426];
    return formatHead(426, PLAIN_HEADERS) + body;
  }
  const { code: refused, message, headers } = REFUSALS[status];
  return formatRefusal(refused, message, headers);
}

/**
 * Answers a plain request of an http.Server.
 *
 * @param {http.IncomingMessage} req
 * @param {http.ServerResponse} res
 */
function answerPlainRequest(req, res) {
  res.writeHead(426, PLAIN_HEADERS);
  res.end(STATUS_CODES[426]);
}

/**
 * The lines of the response that accepts an upgrade (RFC 6455 4.2.2).
 *
 * @param {String} accept the value of Sec-WebSocket-Accept
 * @param {String} [protocol] the subprotocol; none where it is empty
 * @param {String} [extensions] the value of Sec-WebSocket-Extensions; none where it is empty
 * @return {String[]} without line ends
 */
function switchingProtocols(accept, protocol, extensions) {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`
  ];
  if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  if (extensions) lines.push(`Sec-WebSocket-Extensions: ${extensions}`);
  return lines;
}

/**
 * Puts the lines of a response without a body together.
 *
 * @param {String[]} lines
 * @return {String}
 */
function formatLines(lines) {
  // As ws puts them together, whatever a listener of 'headers' has left of them.
  return lines.concat('\r\n').join('\r\n');
}

module.exports = {
  UpgradeStatus,
  answerPlainRequest,
  formatLines,
  formatRefusal,
  formatStatus,
  refusalFor,
  switchingProtocols
};
