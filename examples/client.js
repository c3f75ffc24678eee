'use strict';

// A client that connects again when the connection is lost, after longer and longer pauses, and that
// sends no faster than the server reads: `node examples/client.js ws://localhost:8080`.

const { WebSocket } = require('wsuv');

const url = process.argv[2] ?? 'ws://localhost:8080';
const HIGH_WATER_MARK = 1024 * 1024;
const LONGEST_PAUSE = 30_000;
let pause = 100;
let count = 0;

// Sends until much waits to be taken by the kernel, and goes on when that is gone.
function produce(ws) {
  while (ws.readyState === WebSocket.OPEN && ws.bufferedAmount < HIGH_WATER_MARK && count < 1000) {
    count++;
    const isLast = ws.bufferedAmount >= HIGH_WATER_MARK || count % 100 === 0;
    ws.send(`message ${count} ${'x'.repeat(10_000)}`, isLast ? () => produce(ws) : undefined);
    if (isLast) return;
  }
}

function connect() {
  const ws = new WebSocket(url, { handshakeTimeout: 5000 });
  let echoes = 0;
  // A connection that is silent for too long is taken for lost.
  let watchdog;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => ws.terminate(), 35_000);
  };
  ws.on('open', () => {
    console.log('connected');
    pause = 100;
    count = 0;
    alive();
    produce(ws);
  });
  ws.on('ping', alive);
  ws.on('message', () => {
    alive();
    if (++echoes === 1000) console.log('1000 echoes');
  });
  ws.on('error', (error) => console.log(error.message));
  ws.on('close', () => {
    clearTimeout(watchdog);
    // Not all clients at the same moment.
    const wait = pause * (0.5 + Math.random());
    console.log(`connecting again in ${Math.round(wait)} ms`);
    setTimeout(connect, wait);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  });
}

connect();
