'use strict';

const { missingInternals } = require('./node-internals');

const missing = missingInternals();
const { WSUV_TRANSPORT: wanted } = process.env;

if (wanted !== undefined && wanted !== '' && wanted !== 'stream') {
  process.emitWarning(
    `WSUV_TRANSPORT is "${wanted}", which means nothing; "stream" leaves every socket with Node.js`,
    { code: 'WSUV_TRANSPORT' }
  );
} else if (wanted !== 'stream' && missing.length > 0) {
  process.emitWarning(
    `wsuv does not know the sockets of Node.js ${process.version} (it misses ` +
      `${missing.join(', ')}) and leaves them with Node.js. That is slower, and otherwise the same`,
    { code: 'WSUV_TRANSPORT' }
  );
}

/**
 * Whether every socket stays with Node: the addon takes no descriptor over and listens nowhere, and
 * lib/ moves the bytes. That is so where the environment says `WSUV_TRANSPORT=stream` when the
 * package is loaded, and by itself where Node's sockets are not as this package knows them.
 */
const usesStreams = wanted === 'stream' || missing.length > 0;

module.exports = { usesStreams };
