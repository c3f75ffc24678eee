'use strict';

// A load of a certain number of messages, for what counts instructions:
//
//   node counted.js PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP_MESSAGES LEAST_MESSAGES KIND
//
// KIND is text or binary (each connection has IN_FLIGHT echoes at a time), fan-out (IN_FLIGHT
// messages go to all connections at a time; what is counted is deliveries) or handshake (what is
// counted is connections that are opened and closed). Prints "start" after the warm-up, when nothing
// is in flight, and goes on when it reads a line; then how many there were.

const { once } = require('events');
const net = require('net');

const [, , ...numbers] = process.argv;
const kind = numbers.pop();
const [port, connections, inFlight, size, warmUp, least] = numbers.map(Number);

// Masked with a key of zeros, which leaves a payload as it is.
const KEY = Buffer.alloc(4);
const CLOSE = Buffer.concat([Buffer.from([0x88, 0x82]), KEY, Buffer.from([0x03, 0xe8])]);

// A message (RFC 6455 5.2) of less than 64 KiB.
function frame(masked) {
  const header = size < 126 ? [0, size] : [0, 126, size >> 8, size & 0xff];
  header[0] = kind === 'text' ? 0x81 : 0x82;
  if (masked) header[1] |= 0x80;
  const key = masked ? KEY : Buffer.alloc(0);
  return Buffer.concat([Buffer.from(header), key, Buffer.alloc(size, 'a')]);
}

const frameSize = frame(false).length;
const batch = Buffer.concat(Array(inFlight).fill(frame(true)));

async function open(path) {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay();
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
  await once(socket, 'data');
  return socket;
}

// Until as many messages have come as there are in a batch.
async function receiveBatch(socket) {
  for (let toCome = frameSize * inFlight; toCome > 0;) {
    const [chunk] = await once(socket, 'data');
    toCome -= chunk.length;
  }
}

async function repeat(times, what) {
  for (let i = 0; i < times; i++) await what();
}

// Of a number of messages: how often each connection has all of its own in flight.
const roundsOf = (count) => Math.ceil(count / connections / inFlight);

/** @return {Promise<function(Number): Promise>} what makes so many rounds of messages, by KIND */
async function prepare() {
  if (kind === 'handshake') {
    const openAndClose = async () => {
      const socket = await open('/');
      socket.resume().end(CLOSE);
      await once(socket, 'close');
    };
    return (rounds) =>
      Promise.all(Array.from({ length: connections }, () => repeat(rounds, openAndClose)));
  }
  const sockets = await Promise.all(Array.from({ length: connections }, () => open('/')));
  if (kind === 'fan-out') {
    const publisher = await open('/publish');
    return (rounds) =>
      repeat(rounds, () => {
        publisher.write(batch);
        return Promise.all(sockets.map(receiveBatch));
      });
  }
  // All of a connection's messages go out together when it has all of the last answers.
  return (rounds) =>
    Promise.all(
      sockets.map((socket) =>
        repeat(rounds, () => {
          socket.write(batch);
          return receiveBatch(socket);
        })
      )
    );
}

async function main() {
  const exchange = await prepare();
  await exchange(roundsOf(warmUp));
  console.log('start');
  await once(process.stdin, 'data');
  const rounds = roundsOf(least);
  await exchange(rounds);
  console.log(rounds * connections * inFlight);
  process.exit();
}

main();
