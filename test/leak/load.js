'use strict';

// The load of the leak test, as raw bytes.

const { once } = require('events');
const net = require('net');
const zlib = require('zlib');

const { WebSocket } = require('../..');

const { closeFrame, frame } = require('../helpers/frames');
const { upgradeRequest } = require('../helpers/raw-client');

const port = Number(process.argv[2]);
const request = upgradeRequest();
const close = closeFrame(1000);

function connect() {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  return socket;
}

// A connection that ends in one of four ways: a closing handshake, an end in the middle of a
// message, a reset, a bad frame.
function visit(kind) {
  return new Promise((resolve) => {
    const socket = connect();
    socket.on('close', resolve);
    socket.write(request);
    socket.once('data', () => {
      if (kind === 0) socket.write(close);
      else if (kind === 1) socket.end(frame('text', 'cut short').subarray(0, 9));
      else if (kind === 2) socket.resetAndDestroy();
      else socket.write(frame(3, 'bad'));
      socket.on('end', () => socket.end());
      socket.resume();
    });
  });
}

async function connections(count) {
  let started = 0;
  const visitor = async () => {
    while (started < count) await visit(started++ % 4);
  };
  await Promise.all(Array.from({ length: 40 }, visitor));
}

// Sizes that pass through every way that a message can take: the slab, memory of its own, pieces.
const sizes = [0, 20, 125, 126, 1000, 5000];
const batch = Buffer.concat([
  ...sizes.map((size) => frame('binary', Buffer.alloc(size, 1))),
  frame('text', 'é')
]);
const large = frame('binary', Buffer.alloc(300000, 2));

function messages(count) {
  return new Promise((resolve) => {
    const socket = connect();
    let expected = 0;
    let received = 0;
    let sent = 0;
    let isOpen = false;
    const next = () => {
      const chunk = sent % 7000 === 0 ? Buffer.concat([batch, large]) : batch;
      sent += sizes.length + 1;
      expected += chunk.length - 4 * (chunk === batch ? 7 : 8);
      socket.write(chunk);
    };
    socket.write(request);
    socket.on('data', (data) => {
      if (!isOpen) {
        isOpen = true;
        for (let i = 0; i < 20; i++) next();
        return;
      }
      received += data.length;
      if (sent < count) {
        while (expected - received < 100000 && sent < count) next();
      } else if (received === expected) {
        socket.end();
      }
    });
    socket.on('close', resolve);
  });
}

// Messages both ways that are compressed, in place and by the thread pool, on connections that come
// and go.
async function compressed(count) {
  const sizes = [0, 20, 1000, 20000, 300000];
  const visit = async (messages) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(client, 'open');
    let left = messages;
    const all = new Promise((resolve) => client.on('message', () => --left === 0 && resolve()));
    for (let i = 0; i < messages; i++) client.send(Buffer.alloc(sizes[i % sizes.length], `${i} `));
    await all;
    client.close();
    await once(client, 'close');
  };
  for (let i = 0; i < count; i += 200) await Promise.all([1, 2, 3, 4].map(() => visit(50)));
}

// Connections that end in the middle of messages which come as streams, or behind them, compressed or
// not: as whoever reads them does with them, too.
const extension = upgradeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
const packed = zlib
  .deflateRawSync(Buffer.alloc(300000, 'packed'), { finishFlush: zlib.constants.Z_SYNC_FLUSH })
  .subarray(0, -4);
const begun = [
  frame('binary', Buffer.alloc(40000), { fin: false }),
  frame('binary', packed, { rsv: 4 }),
  frame('binary', packed.subarray(0, 300), { rsv: 4, fin: false }),
  frame('binary', Buffer.alloc(40000)).subarray(0, 30000)
];

function streamed(number, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => {});
    socket.on('close', resolve);
    socket.write(extension);
    socket.once('data', () => {
      socket.resume();
      socket.write(begun[number % 4], () => {
        if (number % 3 === 0) socket.resetAndDestroy();
        else socket.end(frame('text', 'behind it'));
      });
    });
  });
}

async function streams(count, port) {
  let started = 0;
  const visitor = async () => {
    while (started < count) await streamed(started++, port);
  };
  await Promise.all(Array.from({ length: 20 }, visitor));
}

process.on('message', async ({ what, count, port }) => {
  if (what === 'connections') await connections(count);
  else if (what === 'compressed') await compressed(count);
  else if (what === 'streams') await streams(count, port);
  else await Promise.all([1, 2, 3, 4].map(() => messages(count / 4)));
  process.send('done');
});
process.on('disconnect', () => process.exit());
process.send('ready');
