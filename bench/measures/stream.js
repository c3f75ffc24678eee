'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');
const zlib = require('zlib');

const { WS } = require('../contestants');
const { built, compile, spawnOn } = require('../processes');
const { startServer } = require('../server-process');

const MIB = 1024 * 1024;
const WARM_UP = 64;

// What each frame of the client has: where it is compressed, it refers to nothing in front of it.
function payloadFile(isCompressed) {
  const chunk = Buffer.alloc(64 * 1024, 'a text that can be compressed, ');
  const file = path.join(built, isCompressed ? 'stream-compressed' : 'stream');
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  fs.writeFileSync(file, isCompressed ? zlib.deflateRawSync(chunk, { finishFlush }) : chunk);
  return file;
}

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
  const isCompressed = Boolean(load.compression);
  const client = compile('load/stream_client.cc');
  const file = payloadFile(isCompressed);
  const send = async (mebibytes) => {
    const sender = spawnOn(1, client, [server.port, mebibytes, how, file, Number(isCompressed)]);
    const lines = readline.createInterface({ input: sender.stdout });
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
