'use strict';

const readline = require('readline');

const { WS } = require('../contestants');
const { spawnClient } = require('../processes');
const { startServer } = require('../server-process');

const MIB = 1024 * 1024;
const WARM_UP = 64;

/**
 * Measures what many bytes cost that pass through an echo server: as one message by streams, and with
 * ws by its createWebSocketStream().
 *
 * @param {Contestant} contestant
 * @param {{mebibytes: Number, compression: Boolean}} load
 * @return {Promise<{cpu: Number, rate: Number, peak: Number}>} microseconds of the server, and passes,
 *     a MiB; MiB that the server grew by at most
 */
async function measureStream(contestant, load) {
  const server = await startServer(contestant, load);
  const how = contestant === WS ? 'messages' : 'message';
  const send = async (mebibytes) => {
    const args = [server.port, mebibytes, how, load.compression];
    const client = spawnClient(1, 'stream.js', args);
    const lines = readline.createInterface({ input: client.stdout });
    for await (const line of lines) if (Number(line) === mebibytes * MIB) return;
    throw new Error(`Not all came back from ${contestant.name}`);
  };
  try {
    await send(WARM_UP);
    const before = await server.resident(0);
    server.forgetPeak();
    const [cpu, begin] = [await server.cpu(), process.hrtime.bigint()];
    await send(load.mebibytes);
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    return {
      cpu: ((await server.cpu()) - cpu) / load.mebibytes,
      rate: load.mebibytes / seconds,
      peak: (server.peak() - before) / MIB
    };
  } finally {
    await server.stop();
  }
}

module.exports = { measureStream };
