'use strict';

const { debuglog } = require('util');

// What happens to connections and servers, for those who want to follow it. So far, that is the
// standard error stream, where the environment has NODE_DEBUG=wsuv.
const log = debuglog('wsuv');

function connection(ws, what) {
  const side = ws._isServer ? 'server' : 'client';
  const { remoteAddress, remotePort } = ws._socket ?? {};
  // A stream has no address, nor has what never was connected.
  const where = remoteAddress ? `${remoteAddress} ${remotePort}` : (ws.url ?? 'a stream');
  log('%s of %s: %s', side, where, what);
}

// What a peer sent, without anything that a terminal could take for more than text.
function printable(text) {
  return JSON.stringify(String(text)).slice(1, -1);
}

/** Each costs a comparison where nobody follows. */
module.exports = {
  /**
   * @param {Object} native the addon
   * @param {String} file its binary
   */
  loaded(native, file) {
    if (!log.enabled) return;
    log('%s, %s', native.version().description, file);
    const { node } = require('./native/tested-versions.json');
    const { versions } = process;
    if (node.includes(parseInt(versions.node, 10))) return;
    log('Node.js %s is not among the tested: %s', versions.node, node.join(', '));
  },

  /** @param {WebSocket} ws which is open */
  opened(ws) {
    if (!log.enabled) return;
    connection(ws, `open ${printable(ws.protocol)} ${ws.extensions}`.trim());
  },

  /**
   * @param {WebSocket} ws
   * @param {Number} code of the peer's close frame
   * @param {Buffer} reason
   */
  closeFrame(ws, code, reason) {
    if (log.enabled) connection(ws, `close frame, ${code} ${printable(reason)}`);
  },

  /**
   * @param {WebSocket} ws
   * @param {Error} error that it emits
   */
  failed(ws, error) {
    if (log.enabled) connection(ws, `${error.code ?? 'error'}: ${printable(error.message)}`);
  },

  /**
   * @param {WebSocket} ws
   * @param {Number} code that 'close' says
   * @param {Buffer} reason
   */
  closed(ws, code, reason) {
    if (log.enabled) connection(ws, `closed, ${code} ${printable(reason)}`);
  },

  /** @param {Object} address where a server listens */
  listening(address) {
    log('listening at %j', address);
  },

  /** @param {(String|Number)} what a server answered a request with instead of an upgrade */
  refused(what) {
    log('refused: %s', what);
  },

  /** @param {*} error that a promise of verifyClient's was rejected with */
  verifyClientRejected(error) {
    log('verifyClient rejected: %s', error);
  }
};
