'use strict';

// Nothing but a client keeps the process alive, and it gets more at once than one turn takes in.

const { WebSocket, WebSocketServer } = require('../../..');

const MESSAGES = 2000;
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

server.on('connection', (ws) => {
  ws._socket.unref();
  for (let i = 0; i < MESSAGES; i++) ws.send('x');
});
server.on('listening', () => {
  server._server.unref();
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  let got = 0;
  client.on('message', () => {
    if (++got === MESSAGES) client.terminate();
  });
  process.on('exit', () => console.log(got));
});
