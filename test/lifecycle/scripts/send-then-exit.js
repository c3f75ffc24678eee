'use strict';

// What was sent before process.exit() still leaves.

const { WebSocketServer } = require('../../..');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  process.stdout.write(`${server.address().port}\n`);
});
server.on('connection', (ws) => {
  ws.on('message', () => {
    ws.send('last words');
    process.exit(0);
  });
});
