'use strict';

/**
 * The error of an opening handshake in the words of nodejs-websocket.
 *
 * @param {Error} error as a WebSocket gives it
 * @param {({statusCode: Number, headers: Object<String>}|null)} answer of the server; null where none came
 * @param {String[]} protocols the subprotocols that were offered
 * @return {Error} with `error` as its cause; or `error`, where it is not about the answer
 */
function handshakeError(error, answer, protocols) {
  const sentence =
    answer === null ? sentenceForNoAnswer(error) : sentenceFor(error, answer, protocols);
  return sentence === undefined ? error : new Error(sentence, { cause: error });
}

function sentenceForNoAnswer({ code }) {
  if (code === 'HPE_HEADER_OVERFLOW') return 'Handshake is too big';
  return String(code).startsWith('HPE_')
    ? 'Invalid handshake: invalid first line format'
    : undefined;
}

const SWITCHING_PROTOCOLS = 101;
const NEEDED = ['upgrade', 'connection', 'sec-websocket-accept'];

// Where several things are wrong, it is the first that counts, in the order of the original.
function sentenceFor({ message }, { statusCode, headers }, protocols) {
  if (Object.keys(headers).length === 0) return 'Invalid handshake: too short';
  if (statusCode !== SWITCHING_PROTOCOLS) return 'Invalid handshake: invalid first line format';
  if (NEEDED.some((name) => headers[name] === undefined)) {
    return 'Invalid handshake: missing required headers';
  }
  const { connection, upgrade, 'sec-websocket-protocol': protocol } = headers;
  const isUpgrade = connection
    .toLowerCase()
    .split(',')
    .some((token) => token.trim() === 'upgrade');
  if (upgrade.toLowerCase() !== 'websocket' || !isUpgrade) {
    return 'Invalid handshake: invalid Upgrade or Connection header';
  }
  if (protocols.length > 0 && !protocols.includes(protocol)) {
    return 'Invalid handshake: no protocol was negotiated';
  }
  if (protocols.length === 0 && protocol) {
    return 'Invalid handshake: no protocol negotiation was expected';
  }
  return message === 'Invalid Sec-WebSocket-Accept header'
    ? 'Invalid handshake: hash mismatch'
    : undefined;
}

/**
 * Whether an error says no more than that the connection ended before there was an answer. For
 * nodejs-websocket that is none: there is a 'close'.
 *
 * @param {Error} error as a WebSocket gives it
 * @return {Boolean}
 */
function isPlainEnd({ code, syscall }) {
  // Of Node's http, which has no system call to name; or of its parser, which wanted more.
  return (code === 'ECONNRESET' && syscall === undefined) || code === 'HPE_INVALID_EOF_STATE';
}

module.exports = { handshakeError, isPlainEnd };
