'use strict';

// The same news for everybody, compressed once for all of them: `node examples/shared-compression.js`.
// `shared` gives up context takeover, so that a compressed message is the same for each connection.

const { WebSocket, WebSocketServer } = require('wsuv');

const server = new WebSocketServer(
  {
    port: Number(process.env.PORT ?? 8080),
    perMessageDeflate: { shared: true, serverNoContextTakeover: true, threshold: 128 }
  },
  () => console.log(`listening at ws://localhost:${server.address().port}`)
);

server.on('connection', (ws) => ws.on('error', console.error));

const prices = Array.from({ length: 100 }, (_, id) => ({ id, name: `share ${id}`, price: 100 }));

const timer = setInterval(() => {
  for (const share of prices) share.price += Math.round(Math.random() * 2 - 1);
  const news = JSON.stringify(prices);
  for (const ws of server.clients) {
    // Who is behind gets the next one.
    if (ws.readyState === WebSocket.OPEN && ws.bufferedAmount < 1024 * 1024) ws.send(news);
  }
}, 200);
server.on('close', () => clearInterval(timer));
