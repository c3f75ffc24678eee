'use strict';

// The load of load_generator.cc over TLS, without a WebSocket library: it answers every echo with
// another message, all those of a read in one write; or, of a server that fans out, reads what comes
// and publishes the next message when all have the last.
//
//   node raw_tls.js PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP_SECONDS SECONDS text|binary|fan-out
//
// Prints "start" and "end" around the measurement, and one line of JSON.

const tls = require('tls');

const { measure } = require('./measure');

const [, , port, connections, inFlight, size, warmUp, seconds, kind] = process.argv;

// `length` bytes of payload in a frame, masked or not (RFC 6455 5.2).
function frame(length, masked) {
  const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended + (masked ? 4 : 0));
  header[0] = kind === 'text' ? 0x81 : 0x82;
  header[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  // A key of zeros leaves the payload as it is.
  return Buffer.concat([header, Buffer.alloc(length, 'a')]);
}

const messageSize = frame(Number(size), false).length;
const message = frame(Number(size), true);
const batch = Buffer.concat(Array(Number(inFlight)).fill(message));
let count = 0;

/**
 * Opens a connection.
 *
 * @param {String} path
 * @param {function(TLSSocket, Number)} onMessages called with how many messages have come whole
 * @return {Promise<TLSSocket>} when it is open
 */
function connect(path, onMessages) {
  const socket = tls.connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
  let received = 0;
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('data', (head) => {
      if (!head.toString().startsWith('HTTP/1.1 101')) throw new Error(head.toString());
      socket.on('data', (chunk) => {
        received += chunk.length;
        const whole = Math.floor(received / messageSize);
        received -= whole * messageSize;
        count += whole;
        onMessages(socket, whole);
      });
      resolve(socket);
    });
  });
}

function send(socket, messages) {
  for (let left = messages; left > 0; left -= Number(inFlight)) {
    socket.write(batch.subarray(0, Math.min(left, Number(inFlight)) * message.length));
  }
}

function connectAll(path, onMessages) {
  const opening = Array.from({ length: Number(connections) }, () => connect(path, onMessages));
  return Promise.all(opening);
}

async function echo() {
  for (const socket of await connectAll('/', send)) send(socket, Number(inFlight));
}

async function fanOut() {
  const publisher = await connect('/publish', () => {});
  let published = 0;
  await connectAll('/subscribe', () => {
    const done = Math.floor(count / Number(connections));
    send(publisher, done + Number(inFlight) - published);
    published = done + Number(inFlight);
  });
  published = Number(inFlight);
  send(publisher, published);
}

async function main() {
  await (kind === 'fan-out' ? fanOut() : echo());
  measure(() => count, warmUp, seconds);
}

main();
