'use strict';

// What a program does that has only wsuv: an echo.

const assert = require('assert');
const { WebSocketServer, WebSocket } = require('wsuv');

const server = new WebSocketServer({ port: 0 }, () => {
  const client = new WebSocket(`ws://localhost:${server.address().port}`);
  client.on('open', () => client.send('hello'));
  client.on('message', (data) => {
    assert.equal(data.toString(), 'hello');
    client.close();
    server.close(() => console.log('done'));
  });
});
server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
