'use strict';

// Messages of every size and kind, over the native listener, sockets that are taken over and streams,
// compressed and not, both as server and as client, with what is received kept for a while.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const { WebSocket, WebSocketServer } = require('../../..');

const SIZES = [0, 1, 125, 126, 5000, 16384, 16385, 65535, 65536, 70000, 1000000, 5000000];

async function visit(url, perMessageDeflate) {
  const client = new WebSocket(url, { perMessageDeflate, rejectUnauthorized: false });
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

const helpers = path.join(__dirname, '..', '..', 'helpers');
const certificate = {
  key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
  cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
};

async function visitAll(perMessageDeflate) {
  const native = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
  const webs = [http.createServer(), https.createServer(certificate)];
  const servers = [
    native,
    ...webs.map((server) => new WebSocketServer({ server, perMessageDeflate }))
  ];
  for (const server of servers) {
    server.on('connection', (ws) => {
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
  }
  await Promise.all([
    new Promise((resolve) => native.on('listening', resolve)),
    ...webs.map((web) => new Promise((resolve) => web.listen(0, '127.0.0.1', resolve)))
  ]);
  await Promise.all(
    servers.map((server, i) => {
      const url = `${i === 2 ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}`;
      return visit(url, perMessageDeflate);
    })
  );
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  for (const web of webs) await new Promise((resolve) => web.close(resolve));
}

async function main() {
  await visitAll(false);
  await visitAll(true);
  await visitAll({ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true });
  console.log('echoed');
}

main();
