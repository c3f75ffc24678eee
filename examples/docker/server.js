'use strict';

// What runs in the container. It ends on SIGTERM, which is what `docker stop` sends.

const { WebSocketServer } = require('wsuv');

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) }, () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});

server.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

process.on('SIGTERM', () => {
  server.close();
  for (const ws of server.clients) ws.close(1001);
});
