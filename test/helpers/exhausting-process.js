'use strict';

// An echo server whose descriptors run out when it is asked for: with a message 'exhaust' from the
// parent, or by a request for /exhaust in the middle of its handshake. 'free' gives them back.

const fs = require('fs');
const http = require('http');

const { WebSocketServer } = require('../..');

const open = [];

function exhaust() {
  try {
    for (;;) open.push(fs.openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
}

function free() {
  for (const fd of open.splice(0)) fs.closeSync(fd);
}

const web = http.createServer();
const server = new WebSocketServer({
  ...(process.argv[2] === 'port' ? { port: 0, host: '127.0.0.1' } : { server: web }),
  verifyClient: ({ req }) => {
    if (req.url === '/exhaust') exhaust();
    return true;
  }
});
if (process.argv[2] !== 'port') web.listen(0, '127.0.0.1');
server.on('listening', () => process.send(server.address().port));
server.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data) => ws.send(`${data} ${open.length > 0}`));
});

process.on('message', (message) => {
  if (message === 'exhaust') exhaust();
  else free();
  process.send(message);
});
process.on('disconnect', () => process.exit());
