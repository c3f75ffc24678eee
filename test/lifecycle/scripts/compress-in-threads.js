'use strict';

// Two workers and the main thread at once, each with servers and clients whose messages are compressed and
// inflated by the thread pool that they share; some connections end while it works for them.

const { Worker, isMainThread } = require('worker_threads');

const { WebSocket, WebSocketServer } = require('../../..');

const MESSAGES = 6;
const SIZE = 400_000;

function bytes(seed) {
  const data = Buffer.alloc(SIZE);
  for (let i = 0; i < SIZE; i++) data[i] = ((i * seed) % 251) ^ (i >> 8);
  return data;
}

// Sends all at once, and waits until they have come back.
async function visit(url, options, isCut) {
  const client = new WebSocket(url, options);
  const isClosed = new Promise((resolve) => client.once('close', resolve));
  await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject));
  const all = Array.from({ length: MESSAGES }, (_, i) => bytes(i + 1));
  let came = 0;
  client.on('message', (data) => {
    if (!data.equals(all[came++])) throw new Error('a message came back changed');
    if (came === MESSAGES) client.close(1000);
    else if (isCut) client.terminate();
  });
  for (const data of all) client.send(data);
  await isClosed;
  if (!isCut && came !== MESSAGES) throw new Error(`${came} messages came back`);
}

async function echo(perMessageDeflate) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `ws://127.0.0.1:${server.address().port}`;
  await Promise.all([0, 1, 2].map((i) => visit(url, { perMessageDeflate }, i === 0)));
  await new Promise((resolve) => server.close(resolve));
}

async function main() {
  await Promise.all([
    echo({ threshold: 0 }),
    echo({ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true })
  ]);
}

const workers = isMainThread ? [new Worker(__filename), new Worker(__filename)] : [];
for (const worker of workers) {
  worker.on('error', (error) => {
    throw error;
  });
}
main();
