'use strict';

// Subscribers, and a publisher whose messages the server sends to all of them (and back to it):
//
//   node fan_out.js URL SUBSCRIBERS IN_FLIGHT SIZE WARM_UP_SECONDS SECONDS COMPRESS
//
// The subscribers only read. Prints "start" and "end" around the measurement, and one line of JSON
// in which `messages` are deliveries.

const { randomBytes } = require('crypto');
const net = require('net');

const { WebSocket } = require('../..');
const { jsonLike } = require('./json_like');
const { measure } = require('./measure');

const [, , url, subscribers, inFlight, size, warmUp, seconds, compress] = process.argv;
const { hostname, port } = new URL(url);
const message = compress === 'true' ? jsonLike(Number(size)) : 'a'.repeat(Number(size));
let published = 0;
let open = 0;

function subscribe() {
  const socket = net.connect(Number(port), hostname);
  const extension = compress === 'true' ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '';
  socket.write(
    'GET /subscribe HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
      `Sec-WebSocket-Version: 13\r\n${extension}\r\n`
  );
  socket.once('data', () => {
    socket.resume();
    if (++open === Number(subscribers)) publish();
    else if (open % 50 === 0) for (let i = 0; i < 50; i++) subscribe();
  });
}

function publish() {
  const publisher = new WebSocket(`${url}/publish`, { perMessageDeflate: false });
  publisher.on('open', () => {
    for (let i = 0; i < Number(inFlight); i++) publisher.send(message);
    measure(() => published * Number(subscribers), warmUp, seconds);
  });
  publisher.on('message', () => {
    published++;
    publisher.send(message);
  });
}

for (let i = 0; i < 50; i++) subscribe();
