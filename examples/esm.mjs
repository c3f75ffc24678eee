// An echo server as an ES module: `node examples/esm.mjs`.

import { once } from 'node:events';
import { WebSocketServer } from 'wsuv';

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) });

server.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

await once(server, 'listening');
console.log(`listening at ws://localhost:${server.address().port}`);
