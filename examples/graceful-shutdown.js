'use strict';

// Ends on SIGTERM or Ctrl-C without losing a message, and without having all clients come back at the
// same moment: `node examples/graceful-shutdown.js`. SPREAD is over how many milliseconds.

const http = require('http');
const { setTimeout: wait } = require('timers/promises');

const { WebSocketServer } = require('wsuv');

const SPREAD = Number(process.env.SPREAD ?? 5000);
const LONGEST = 10_000;

const web = http.createServer((req, res) => res.end('up\n'));
const server = new WebSocketServer({ server: web });
server.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

async function shutDown() {
  // Nobody new.
  web.close();
  const closed = new Promise((resolve) => server.close(resolve));
  // A close frame goes behind all that was sent, and what the peer has sent before its own arrives.
  const clients = [...server.clients];
  for (const ws of clients) {
    ws.close(1001, 'restarting');
    await wait(SPREAD / clients.length);
  }
  // Who does not answer has had his time.
  const timer = setTimeout(() => server.clients.forEach((ws) => ws.terminate()), LONGEST);
  await closed;
  clearTimeout(timer);
  console.log('all are gone');
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, shutDown);

web.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening at http://localhost:${web.address().port}`);
});
