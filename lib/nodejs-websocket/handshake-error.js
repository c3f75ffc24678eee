'use strict';

/**
 * The error of an opening handshake in the words of nodejs-websocket.
 *
 * @param {Error} error as a WebSocket gives it
 * @param {Object<String>} headers of the answer, if there was one
 * @return {Error} with `error` as its cause; or `error`, where it is not about the answer
 */
function handshakeError(error, headers) {
  const sentence = sentenceFor(error, headers);
  return sentence === undefined ? error : new Error(sentence, { cause: error });
}

const NEEDED = ['upgrade', 'connection', 'sec-websocket-accept'];

function sentenceFor({ code, message }, headers) {
  if (code === 'HPE_HEADER_OVERFLOW') return 'Handshake is too big';
  const isAnswered = Object.keys(headers).length > 0;
  if (isAnswered && NEEDED.some((name) => headers[name] === undefined)) {
    return 'Invalid handshake: missing required headers';
  }
  if (message === 'Unexpected server response: 101' || message === 'Invalid Upgrade header') {
    return 'Invalid handshake: invalid Upgrade or Connection header';
  }
  if (message.startsWith('Unexpected server response') || String(code).startsWith('HPE_')) {
    return 'Invalid handshake: invalid first line format';
  }
  switch (message) {
    case 'Invalid Sec-WebSocket-Accept header':
      return 'Invalid handshake: hash mismatch';
    case 'Server sent no subprotocol':
    case 'Server sent an invalid subprotocol':
      return 'Invalid handshake: no protocol was negotiated';
    case 'Server sent a subprotocol but none was requested':
      return 'Invalid handshake: no protocol negotiation was expected';
  }
  return undefined;
}

module.exports = { handshakeError };
