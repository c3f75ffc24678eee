'use strict';

// Next to a Fastify application, with upgrades that the application decides about:
// `node examples/fastify.js` (needs fastify).

const fastify = require('fastify');
const { WebSocketServer } = require('wsuv');

const app = fastify();
app.get('/', async () => 'The WebSocket is at /ws, for those who have the token');

const server = new WebSocketServer({ noServer: true });
app.server.on('upgrade', (req, socket, head) => {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost');
  if (pathname !== '/ws' || searchParams.get('token') !== 'secret') {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  server.handleUpgrade(req, socket, head, (ws) => {
    ws.on('error', console.error);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
});
// Or the server would wait for its connections when it is closed.
app.addHook('preClose', async () => server.clients.forEach((ws) => ws.close(1001)));

app.listen({ port: Number(process.env.PORT ?? 8080) }).then((address) => {
  console.log(`listening at ${address}`);
});
