'use strict';

const MyWebsocket = require('./my-websocket');

// RFC 6455 7.4.1: what came is of a type that is not accepted.
const UNSUPPORTED_DATA = 1003;

/**
 * The smallest server there is: text in, text out.
 *
 *     myWebsocket({ port: 8080, callback: (data, sendText) => sendText(`you said ${data}`) });
 *
 * A peer that sends binary messages is closed with 1003.
 *
 * @param {Object} options those of MyWebsocket, and
 * @param {function(String, function(String): Boolean)} options.callback called with each text, and
 *     with the function that answers the peer that sent it. Each connection has a function of its
 *     own, which is always the same, may be kept and called at any time, and returns false when the
 *     connection is not open any more
 * @return {MyWebsocket} the server behind it
 * @throws {TypeError} where the callback is no function
 */
function myWebsocket(options) {
  const { callback, ...rest } = options ?? {};
  if (typeof callback !== 'function') {
    throw new TypeError(`The option "callback" must be a function; got ${typeof callback}`);
  }
  const server = new MyWebsocket(rest);
  const senders = new WeakMap();
  server.on('connection', (peer) => senders.set(peer, textSenderOf(peer)));
  server.on('data', (data, peer, isBinary) => {
    if (isBinary) peer.close(UNSUPPORTED_DATA, 'Only text is accepted');
    else callback(data, senders.get(peer));
  });
  return server;
}

function textSenderOf(peer) {
  return function sendText(text) {
    if (typeof text !== 'string') {
      throw new TypeError(`The text to send must be a string; got ${typeof text}`);
    }
    if (peer.readyState !== peer.OPEN) return false;
    peer.send(text);
    return true;
  };
}

module.exports = { myWebsocket };
