'use strict';

// Connections that read nothing, while one more publishes to them:
//
//   node slow_readers.js PORT READERS MESSAGES SIZE
//
// Prints "ready" when the server has sent all of the messages to all of them.

const { once } = require('events');
const net = require('net');

const { WebSocket } = require('../..');

const [, , port, readers, messages, size] = process.argv;
const REQUEST =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const held = [];

async function openReader() {
  const socket = net.connect(Number(port), '127.0.0.1');
  socket.write(REQUEST);
  await once(socket, 'readable');
  // What is in the socket is the answer, and nobody will look at it.
  held.push(socket);
}

async function main() {
  for (let i = 0; i < Number(readers); i++) await openReader();
  const publisher = new WebSocket(`ws://127.0.0.1:${port}/publish`);
  await once(publisher, 'open');
  const message = Buffer.alloc(Number(size), 'b');
  for (let i = 0; i < Number(messages); i++) publisher.send(message);
  // The answer comes behind all that was done with the messages.
  publisher.ping();
  await once(publisher, 'pong');
  console.log('ready');
}

main();
