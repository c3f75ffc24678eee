'use strict';

// The load of load_generator.cc over TLS, without a WebSocket library: it answers every echo with
// another message, all those of a read in one write.
//
//   node raw_tls.js PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP_SECONDS SECONDS text|binary
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

const echoSize = frame(Number(size), false).length;
const message = frame(Number(size), true);
const batch = Buffer.concat(Array(Number(inFlight)).fill(message));
let count = 0;
let open = 0;

function connect() {
  const socket = tls.connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
  let received = 0;
  socket.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
  socket.once('data', (head) => {
    if (!head.toString().startsWith('HTTP/1.1 101')) throw new Error(head.toString());
    socket.on('data', (chunk) => {
      received += chunk.length;
      const echoes = Math.floor(received / echoSize);
      received -= echoes * echoSize;
      count += echoes;
      for (let left = echoes; left > 0; left -= Number(inFlight)) {
        socket.write(batch.subarray(0, Math.min(left, Number(inFlight)) * message.length));
      }
    });
    if (++open === Number(connections)) measure(() => count, warmUp, seconds);
    socket.write(batch);
  });
}

for (let i = 0; i < Number(connections); i++) connect();
