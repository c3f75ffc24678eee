'use strict';

// An echo server by the name that it has in old programs: `node examples/server.js`. PORT changes the
// port.

const { Server } = require('wsuv');

const server = new Server({ port: Number(process.env.PORT ?? 8080) });

server.on('listening', () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});
server.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
