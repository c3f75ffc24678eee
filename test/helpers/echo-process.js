'use strict';

// An echo server in a process of its own, for clients that need an environment of their own. It
// does what test/clients/browser-like.js asks of it.

const { WebSocketServer } = require('../..');

const options = JSON.parse(process.argv[2] ?? '{}');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options }, () => {
  process.send(server.address().port);
});

server.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('pong', () => ws.send('got a pong'));
  ws.on('message', (data, isBinary) => {
    const text = data.length < 30 ? data.toString() : '';
    if (text === 'please close') {
      ws.close(4000, 'as you wish');
    } else if (text === 'please fragment') {
      ws.send('a message ', { fin: false });
      ws.ping('between');
      ws.send('in fragments', { fin: true });
    } else {
      ws.send(data, { binary: isBinary });
    }
  });
});

process.on('disconnect', () => process.exit());
