'use strict';

// Leaves the process at a given stage; the exit code must be 0, and there must be no signal.

const { WebSocketServer } = require('../../..');
const { closeFrame, frame } = require('../../helpers/frames');
const { RawClient } = require('../../helpers/raw-client');

const stage = process.argv[2];
const leave = (name) => name === stage && process.exit(0);

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  leave('listening');
  const client = new RawClient(server.address().port);
  await client.connected();
  leave('connected');
  await client.upgrade();
  leave('upgraded');
  await client.send(frame('text', 'a'), frame('ping'), closeFrame(1000));
  await client.closed;
  leave('client closed');
  server.close(() => {
    leave('server closed');
    if (stage === 'end') return;
    process.exitCode = 1;
  });
});
server.on('connection', (ws) => {
  leave('connection');
  ws.on('message', () => leave('message'));
  ws.on('ping', () => leave('ping'));
  ws.on('close', () => leave('close'));
});
