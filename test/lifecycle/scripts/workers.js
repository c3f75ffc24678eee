'use strict';

// Workers that are terminated, or end by themselves, at every stage of their connections: workers.js [ROUNDS].

const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { constants, deflateRawSync } = require('zlib');

const { frame } = require('../../helpers/frames');
const { RawClient } = require('../../helpers/raw-client');

const STAGES = [
  'listening',
  'head',
  'open',
  'partial',
  'message',
  'compressing',
  'closing',
  'exit',
  'throw'
];

function work() {
  const { WebSocketServer } = require('../../..');
  const server = new WebSocketServer(
    { port: 0, host: '127.0.0.1', perMessageDeflate: true },
    () => {
      parentPort.postMessage({ port: server.address().port });
    }
  );
  server.on('connection', (ws) => {
    parentPort.postMessage('connection');
    ws.on('message', (data) => {
      for (let i = 0; i < 100; i++) ws.send(Buffer.alloc(100000), { compress: false });
      // By the thread pool, which may still be at it when the worker ends.
      if (workerData === 'compressing') ws.send(Buffer.alloc(5_000_000, 'abc'));
      parentPort.postMessage('message');
      if (workerData === 'exit') process.exit(0);
      if (workerData === 'throw') throw new Error('ends the worker');
      if (workerData === 'closing') ws.close(1000);
      void data;
    });
  });
}

// One that is inflated by the thread pool, and one behind it.
const packed = deflateRawSync(Buffer.alloc(5_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
const compressed = Buffer.concat([
  frame('text', 'go'),
  frame('binary', packed.subarray(0, -4), { rsv: 4 }),
  frame('text', 'behind')
]);

async function endAt(stage) {
  const worker = new Worker(__filename, { workerData: stage });
  worker.on('error', () => {});
  const seen = new Set();
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  const port = await new Promise((resolve) => {
    worker.on('message', (message) => {
      if (message.port) resolve(message.port);
      else seen.add(message);
    });
  });
  const until = async (what) => {
    while (!seen.has(what)) await new Promise(setImmediate);
  };
  if (stage !== 'listening') {
    const client = new RawClient(port);
    await client.connected();
    if (stage === 'head') {
      await client.send('GET / HT');
    } else {
      await client.upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
      await until('connection');
      if (stage === 'partial') await client.send(frame('text', 'partial').subarray(0, 8));
      else if (stage === 'compressing') await client.send(compressed);
      else if (stage !== 'open') await client.send(frame('text', 'go'));
      if (['message', 'compressing', 'closing'].includes(stage)) await until('message');
    }
  }
  if (stage !== 'exit' && stage !== 'throw') await worker.terminate();
  await exit;
}

async function main() {
  const rounds = Number(process.argv[2] || 3);
  for (let round = 0; round < rounds; round++) {
    for (const stage of STAGES) await endAt(stage);
    await Promise.all(STAGES.map(endAt));
  }
  console.log('survived');
}

if (isMainThread) main();
else work();
