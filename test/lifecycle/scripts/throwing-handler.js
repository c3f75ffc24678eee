'use strict';

// Handlers that throw: each exception goes to 'uncaughtException', and nothing else is lost.

const { WebSocketServer } = require('../../..');
const { frame } = require('../../helpers/frames');
const { RawClient } = require('../../helpers/raw-client');

const log = [];
process.on('uncaughtException', (error) => log.push(`uncaught ${error.message}`));

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  const clients = [new RawClient(server.address().port), new RawClient(server.address().port)];
  await Promise.all(clients.map((client) => client.upgrade()));
  for (const client of clients) {
    await client.send(
      frame('text', 'one'),
      frame('text', 'bad'),
      frame('ping', 'p'),
      frame('text', 'two')
    );
  }
  for (const client of clients) {
    const bytes = await client.read(13);
    log.push(bytes.toString('latin1').replace(/[^ -~]/g, '.'));
    await client.end();
  }
  server.close(() => console.log(JSON.stringify(log.sort())));
});

server.on('connection', (ws) => {
  ws.on('message', (data) => {
    if (data.toString() === 'bad') throw new Error('message');
    ws.send(data, { binary: false });
  });
  ws.on('close', () => {
    throw new Error('close');
  });
  throw new Error('connection');
});
