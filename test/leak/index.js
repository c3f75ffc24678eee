'use strict';

// Opens and closes 100,000 connections, echoes 1,000,000 messages and 20,000 compressed ones, ends 20,000
// connections in the middle of messages that come as streams, and checks that resident memory levels off: `npm run test:leak`. The load comes from a process of its own, so that only
// the server is measured. LEAK_SCALE makes it shorter (0.1) or longer.

const { fork } = require('child_process');
const { once } = require('events');
const path = require('path');

const { WebSocketServer } = require('../..');
const native = require('../../lib/native/addon');

const scale = Number(process.env.LEAK_SCALE || 1);
const ROUNDS = 20;
const CONNECTIONS = Math.round((100000 * scale) / ROUNDS);
const MESSAGES = Math.round((1000000 * scale) / ROUNDS);
const COMPRESSED = Math.round((20000 * scale) / ROUNDS);
const STREAMS = Math.round((20000 * scale) / ROUNDS);
const SERVERS = 2;
// After these, all connections are over.
const CLOSING = ['connections', 'streams'];
// By how much the last quarter of a run that leaks nothing may be above the third.
const ALLOWED_GROWTH = 4 * 1024 * 1024;

function residentMemory() {
  for (let i = 0; i < 4; i++) global.gc();
  return process.memoryUsage().rss;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function measure(name, load, what, count, port) {
  const samples = [];
  for (let round = 0; round < ROUNDS; round++) {
    load.send({ what, count, port });
    await once(load, 'message');
    while (native.openSockets() > SERVERS && CLOSING.includes(what)) {
      await new Promise(setImmediate);
    }
    samples.push(residentMemory());
  }
  const megabytes = samples.map((bytes) => (bytes / 1048576).toFixed(1));
  console.log(
    `${name}: ${count * ROUNDS} in ${ROUNDS} rounds, MiB resident: ${megabytes.join(' ')}`
  );
  const growth =
    median(samples.slice(-ROUNDS / 4)) - median(samples.slice(ROUNDS / 2, -ROUNDS / 4));
  if (growth > ALLOWED_GROWTH) {
    console.error(`${name}: grew by ${(growth / 1048576).toFixed(1)} MiB towards the end`);
    process.exitCode = 1;
  }
}

// Reads what comes as streams, destroys it, or leaves it unread.
async function startReader() {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    closeTimeout: 100,
    perMessageDeflate: true,
    streamThreshold: 1000
  });
  let number = 0;
  server.on('connection', (ws) => {
    const how = number++ % 5;
    ws.on('error', () => {});
    ws.on('message', (data) => ws.send(data));
    ws.on('stream', (stream) => {
      if (how === 0) setImmediate(() => stream.destroy());
      else if (how === 1) setImmediate(() => ws.terminate());
      else stream.on('data', () => {});
    });
  });
  await once(server, 'listening');
  return server;
}

async function main() {
  const reader = await startReader();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  server.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  await once(server, 'listening');
  const load = fork(path.join(__dirname, 'load.js'), [String(server.address().port)]);
  await once(load, 'message');
  await measure('connections', load, 'connections', CONNECTIONS);
  await measure('messages', load, 'messages', MESSAGES);
  await measure('compressed messages', load, 'compressed', COMPRESSED);
  await measure('streams', load, 'streams', STREAMS, reader.address().port);
  load.disconnect();
  await once(load, 'exit');
  await new Promise((resolve) => server.close(resolve));
  await new Promise((resolve) => reader.close(resolve));
  if (native.openSockets() !== 0) {
    console.error(`${native.openSockets()} sockets are still open`);
    process.exitCode = 1;
  }
  if (!process.exitCode) console.log('resident memory levels off');
}

main();
