'use strict';

// Finds out which clients are gone without having said so: `node examples/heartbeat.js`.
// INTERVAL is the time between two pings in milliseconds.

const { WebSocketServer } = require('wsuv');

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) }, () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});

// Who has answered since the last ping.
const alive = new WeakSet();

server.on('connection', (ws, req) => {
  const { remoteAddress, remotePort } = req.socket;
  alive.add(ws);
  ws.on('pong', () => alive.add(ws));
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('close', (code) => console.log(`${remoteAddress}:${remotePort} is gone, ${code}`));
});

const timer = setInterval(
  () => {
    for (const ws of server.clients) {
      if (alive.delete(ws)) ws.ping();
      else ws.terminate();
    }
  },
  Number(process.env.INTERVAL ?? 30_000)
);
server.on('close', () => clearInterval(timer));
