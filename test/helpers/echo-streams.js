'use strict';

const { setFlagsFromString } = require('v8');
const { runInNewContext } = require('vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const WARM_UP = 64 * 1024 * 1024;
// V8 itself collects the pieces that nobody has any more when they are 32 MiB.
const INTERVAL = 4 * 1024 * 1024;

/**
 * Sends one message through an echo server, by streams both ways, in one process.
 *
 * @param {Object} scenario
 * @param {Object} scenario.lib
 * @param {Number} scenario.mebibytes of the message
 * @param {Boolean} scenario.perMessageDeflate
 * @return {Promise<{got: Number, growth: Number}>} the bytes that came back, and between how many MiB
 *     the memory of the process was when the first 64 MiB had come back, without garbage
 */
async function echo({ lib, mebibytes, perMessageDeflate }) {
  const size = mebibytes * 1024 * 1024;
  const options = { maxPayload: 1024 * 1024, perMessageDeflate, streamThreshold: 64 * 1024 };
  const server = new lib.WebSocketServer({ port: 0, ...options });
  server.on('connection', (ws) => {
    ws.on('stream', (stream, isBinary) => ws.sendStream(stream, { binary: isBinary }));
  });
  await new Promise((resolve) => server.on('listening', resolve));
  const ws = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`, options);
  await new Promise((resolve) => ws.on('open', resolve));

  let got = 0;
  let seen = 0;
  let [least, most] = [Infinity, 0];
  const echoed = new Promise((resolve) => {
    ws.on('stream', (stream) => {
      stream.on('data', (chunk) => {
        got += chunk.length;
        if (got - seen < INTERVAL) return;
        seen = got;
        collect({ type: 'minor' });
        if (got < WARM_UP) return;
        const rss = process.memoryUsage.rss();
        least = Math.min(least, rss);
        most = Math.max(most, rss);
      });
      stream.on('end', resolve);
    });
  });
  const chunk = Buffer.alloc(64 * 1024, 'a text that can be compressed, ');
  async function* source() {
    for (let sent = 0; sent < size; sent += chunk.length) yield chunk;
  }
  await ws.sendStream(source());
  await echoed;
  ws.terminate();
  await new Promise((resolve) => server.close(resolve));
  return { got, growth: (most - least) / (1024 * 1024) };
}

module.exports = { echo };
