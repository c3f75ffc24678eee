'use strict';

// An echo server: `node examples/echo.js`. PORT changes the port.

const { WebSocketServer } = require('wsuv');

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) }, () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});

server.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
