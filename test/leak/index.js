'use strict';

// Opens and closes 100,000 connections, echoes 1,000,000 messages and 20,000 compressed ones, and checks that resident
// memory levels off: `npm run test:leak`. The load comes from a process of its own, so that only
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
// By how much the last quarter of a run that leaks nothing may be above the third.
const ALLOWED_GROWTH = 4 * 1024 * 1024;

function residentMemory() {
  for (let i = 0; i < 4; i++) global.gc();
  return process.memoryUsage().rss;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function measure(name, load, what, count) {
  const samples = [];
  for (let round = 0; round < ROUNDS; round++) {
    load.send({ what, count });
    await once(load, 'message');
    while (native.openSockets() > 1 && what === 'connections') await new Promise(setImmediate);
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

async function main() {
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
  load.disconnect();
  await once(load, 'exit');
  await new Promise((resolve) => server.close(resolve));
  if (native.openSockets() !== 0) {
    console.error(`${native.openSockets()} sockets are still open`);
    process.exitCode = 1;
  }
  if (!process.exitCode) console.log('resident memory levels off');
}

main();
