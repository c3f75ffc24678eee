'use strict';

const { debuglog } = require('util');

const log = debuglog('wsuv');

/**
 * Says what connections do, on the standard error stream, where the environment has
 * NODE_DEBUG=wsuv. Ask `debug.enabled` first: then it costs a comparison where it is off.
 */
const debug = {
  enabled: log.enabled,

  /**
   * @param {WebSocket} ws
   * @param {String} what happened
   */
  connection(ws, what) {
    const side = ws._isServer ? 'server' : 'client';
    const { remoteAddress, remotePort } = ws._socket ?? {};
    // A stream has no address, nor has what never was connected.
    const where = remoteAddress ? `${remoteAddress} ${remotePort}` : (ws.url ?? 'a stream');
    log('%s of %s: %s', side, where, what);
  },

  /** @param {...*} args as console.log() takes them */
  server(...args) {
    log(...args);
  }
};

module.exports = { debug };
