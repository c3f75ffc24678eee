'use strict';

// Whoever sends what comes as streams may do what he likes: nobody else is disturbed, and nothing
// is left.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');

const { cutAtEachByte } = require('../helpers/cutting');
const { closeFrame, deflated, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { startServer, stopServersAfterEach } = require('../helpers/servers');

stopServersAfterEach();
expectNothingLeftOpen();

const packed = deflated('text, '.repeat(200));

const bytes = Buffer.concat([
  frame('text', 'h\xe9llo, ', { fin: false }),
  frame('ping', 'p'),
  frame('continuation', 'w\xf6rld'),
  frame('text', 'short'),
  frame('binary', Buffer.alloc(300, 9)),
  frame('text', packed.subarray(0, 5), { rsv: 4, fin: false }),
  frame('continuation', packed.subarray(5)),
  frame('text', packed, { rsv: 4 }),
  closeFrame(1000, 'bye')
]);

// A server that reads streams, and knows which of them are not over.
async function startReader(options) {
  const open = new Set();
  const ends = { whole: 0, aborted: 0 };
  const server = await startServer(
    { streamThreshold: 10, perMessageDeflate: true, closeTimeout: 100, ...options },
    (ws) => {
      ws.on('error', () => {});
      ws.on('message', (data) => ws.send(data, { compress: false }));
      ws.on('stream', (stream) => {
        open.add(stream);
        stream.on('data', () => {});
        stream.on('end', () => ends.whole++);
        stream.on('error', () => ends.aborted++);
        stream.on('close', () => open.delete(stream));
      });
    }
  );
  return { ends, open, server };
}

async function connect(server) {
  const client = new RawClient(server.port);
  await client.upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  return client;
}

test('a stream that is never read, beside fifty connections that go on', async () => {
  const server = await startServer({ streamThreshold: 10 }, (ws) => {
    ws.on('message', (data) => ws.send(data, { compress: false }));
    ws.on('stream', (stream) => (ws.unread = stream));
  });
  const rude = await connect(server);
  await rude.send(frame('binary', Buffer.alloc(100), { fin: false }));
  let isSent = false;
  const sent = rude
    .send(frame('continuation', Buffer.alloc(32 * 1024 * 1024)))
    .then(() => (isSent = true));
  const others = await Promise.all(Array.from({ length: 50 }, () => connect(server)));
  for (let i = 0; i < 20; i++) {
    await Promise.all(
      others.map(async (client) => {
        await client.send(frame('text', 'alive?'));
        expect((await client.read(8)).subarray(2).toString()).toBe('alive?');
      })
    );
  }
  expect(isSent).toBe(false);
  const [{ unread }] = server.clients;
  expect(unread.readableLength).toBeLessThan(2 * 1024 * 1024);
  await Promise.all(others.map((client) => client.end()));
  await rude.reset();
  await sent;
});

test('a cut or a reset at any byte', async () => {
  const { ends, open, server } = await startReader();
  await cutAtEachByte(bytes, () => connect(server));
  while (server.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(open.size).toBe(0);
  expect(ends.whole).toBeGreaterThan(0);
  expect(ends.aborted).toBeGreaterThan(0);
});

test('any byte changed', async () => {
  const { open, server } = await startReader({ maxStreamLength: 1000 });
  const witness = await connect(server);
  for (let size = 0; size < bytes.length; size += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, bytes.length - size) }, async (_, i) => {
        const client = await connect(server);
        const changed = Buffer.from(bytes);
        changed[size + i] ^= 1 << ((size + i) % 8);
        await client.send(changed);
        client.socket.end();
        await client.closed;
      })
    );
    await witness.send(frame('text', 'alive?'));
    expect((await witness.read(8)).subarray(2).toString()).toBe('alive?');
  }
  await witness.end();
  while (server.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(open.size).toBe(0);
});

test('a cut, a reset or another bit at any byte of what is iterated over', async () => {
  const options = { perMessageDeflate: true, closeTimeout: 100, maxFrameSize: 7 };
  const loops = new Set();
  const ends = { good: 0, failed: 0 };
  const server = await startServer({ ...options, waitForListener: true }, async (ws) => {
    loops.add(ws);
    try {
      for await (const { data, isBinary } of ws.messages({ highWaterMark: 1 })) {
        ws.send(data, { binary: isBinary });
      }
      ends.good++;
    } catch {
      ends.failed++;
    }
    loops.delete(ws);
  });
  for (let size = 0; size < bytes.length; size += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, bytes.length - size) }, async (_, i) => {
        const client = await connect(server);
        const sent = Buffer.from(bytes);
        if (i % 3 === 2) sent[size + i] ^= 1 << ((size + i) % 8);
        await client.send(i % 3 === 2 ? sent : sent.subarray(0, size + i));
        await (i % 3 === 0 ? client.reset() : client.end());
      })
    );
  }
  while (loops.size > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(ends.good).toBeGreaterThan(0);
  expect(ends.failed).toBeGreaterThan(0);
  while (server.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('more slow peers than there are streams of zlib, and the others are served', async () => {
  const { server } = await startReader();
  const slow = await Promise.all(Array.from({ length: 140 }, () => connect(server)));
  await Promise.all(
    slow.map((client) => client.send(frame('text', packed, { rsv: 4 }).subarray(0, 12)))
  );
  const other = await connect(server);
  const short = deflated('alive?');
  for (let i = 0; i < 5; i++) {
    await other.send(frame('text', short, { rsv: 4 }));
    expect((await other.read(8)).subarray(2).toString()).toBe('alive?');
  }
  await Promise.all([...slow, other].map((client) => client.reset()));
});

test('handlers that throw', async () => {
  const file = path.join(__dirname, '..', 'helpers', 'throwing-streams-process.js');
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 15000 });
  const { log, thrown } = JSON.parse(stdout);
  expect(log).toEqual(['one', 'two', 'three', 'four', 'longer than the rest']);
  // Each once, however many pieces the data came in.
  expect([...new Set(thrown)]).toEqual([
    'close',
    'data',
    'end',
    'message four',
    'message one',
    'message three',
    'message two',
    'stream'
  ]);
});
