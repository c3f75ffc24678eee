'use strict';

// Messages of every size and kind, over the native listener and over streams, both as server and
// as client, with what is received kept for a while.

const http = require('http');

const { WebSocket, WebSocketServer } = require('../../..');

const SIZES = [0, 1, 125, 126, 5000, 16384, 16385, 65535, 65536, 70000, 1000000, 5000000];

async function visit(port) {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await new Promise((resolve) => client.on('open', resolve));
  const next = () => new Promise((resolve) => client.once('message', resolve));
  const kept = [];
  for (const size of SIZES) {
    const data = Buffer.alloc(size, size);
    client.send(data);
    const echo = await next();
    kept.push(echo);
    if (!echo.equals(data)) throw new Error(`${size} bytes came back changed`);
    client.send('é'.repeat(size / 2));
    if ((await next()).length !== 2 * Math.floor(size / 2))
      throw new Error('text came back changed');
  }
  client.send('a', { fin: false });
  client.send('b', { fin: true });
  if ((await next()).toString() !== 'ab') throw new Error('fragments came back changed');
  // Many messages come in one turn: they must be counted, not awaited one by one.
  let left = 5000;
  const all = new Promise((resolve) => client.on('message', () => --left === 0 && resolve()));
  for (let i = 0; i < 5000; i++) client.send(`message ${i}`);
  await all;
  client.ping('x');
  await new Promise((resolve) => client.on('pong', resolve));
  global.gc();
  client.close(1000, 'done');
  await new Promise((resolve) => client.on('close', resolve));
  return kept.length;
}

async function main() {
  const echo = (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  const native = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const web = http.createServer();
  const streams = new WebSocketServer({ server: web });
  native.on('connection', echo);
  streams.on('connection', echo);
  await new Promise((resolve) => native.on('listening', resolve));
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  await Promise.all([visit(native.address().port), visit(web.address().port)]);
  await new Promise((resolve) => native.close(resolve));
  await new Promise((resolve) => streams.close(resolve));
  await new Promise((resolve) => web.close(resolve));
  console.log('echoed');
}

main();
