'use strict';

// Whatever bytes come: the right answer or a dropped connection, and everybody else is served.

const { closeFrame, frame, parseFrames } = require('./helpers/frames');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');
const { randomNumbers } = require('./helpers/random');
const { RawClient, upgradeRequest } = require('./helpers/raw-client');
const { startEchoServer, stopServersAfterEach } = require('./helpers/servers');

stopServersAfterEach();
expectNothingLeftOpen();

const stream = Buffer.concat([
  frame('text', 'héllo'),
  frame('binary', Buffer.alloc(130, 9)),
  frame('text', 'fragments, ', { fin: false }),
  frame('ping', 'p'),
  frame('continuation', 'of one message'),
  frame('binary', Buffer.alloc(70000, 1)),
  closeFrame(1000, 'bye')
]);

// Codes that a server may close with when it was sent something.
const CODES = [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];

async function witness(server) {
  const client = new RawClient(server.port);
  await client.upgrade();
  return async () => {
    await client.send(frame('text', 'alive?'));
    expect((await client.read(8)).subarray(2).toString()).toBe('alive?');
    return client;
  };
}

test('any byte of any frame changed', async () => {
  const server = await startEchoServer({ maxPayload: 200000, closeTimeout: 100 });
  const isAlive = await witness(server);
  const random = randomNumbers(1);
  const attacks = Array.from({ length: 400 }, (_, i) => {
    const bytes = Buffer.from(stream);
    // Every byte of the small frames, and some of the large one's.
    const at = i < 230 ? i : random(bytes.length);
    bytes[at] ^= 1 << random(8);
    return bytes;
  });
  for (let i = 0; i < attacks.length; i += 20) {
    await Promise.all(
      attacks.slice(i, i + 20).map(async (bytes) => {
        const client = new RawClient(server.port);
        await client.upgrade();
        await client.send(bytes);
        client.socket.end();
        await client.closed;
        const { frames, rest } = parseFrames(client.received);
        expect(rest.length).toBe(0);
        const last = frames.at(-1);
        if (last?.opcode === 8 && last.payload.length > 0) {
          const code = last.payload.readUInt16BE(0);
          expect(CODES.includes(code) || (code >= 3000 && code < 5000)).toBe(true);
        }
      })
    );
    await isAlive();
  }
  await (await isAlive()).end();
});

test('a cut or a reset at any byte', async () => {
  const server = await startEchoServer();
  const isAlive = await witness(server);
  const whole = Buffer.concat([Buffer.from(upgradeRequest()), stream.subarray(0, 300)]);
  const ends = ['end', 'reset'];
  for (let at = 0; at < whole.length; at += 40) {
    await Promise.all(
      Array.from({ length: Math.min(40, whole.length - at) }, async (_, i) => {
        const client = new RawClient(server.port);
        await client.connected();
        await client.send(whole.subarray(0, at + i));
        await client[ends[i % 2]]();
      })
    );
    await isAlive();
  }
  await (await isAlive()).end();
});

test('random bytes instead of a request, or instead of frames', async () => {
  const server = await startEchoServer();
  const isAlive = await witness(server);
  const random = randomNumbers(7);
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const client = new RawClient(server.port);
        const bytes = Buffer.from(Array.from({ length: random(2000) + 1 }, () => random(256)));
        if (i % 2 === 0) await client.upgrade();
        await client.send(bytes);
        await client.end();
      })
    );
    await isAlive();
  }
  await (await isAlive()).end();
});

test('a peer that sends and never reads is not held in memory by more than it sent', async () => {
  const server = await startEchoServer({ maxPayload: 1024 * 1024 });
  const isAlive = await witness(server);
  const client = new RawClient(server.port);
  await client.upgrade();
  client.socket.pause();
  for (let i = 0; i < 50; i++) client.socket.write(frame('binary', Buffer.alloc(100000)));
  for (let i = 0; i < 20; i++) await isAlive();
  await client.reset();
  await (await isAlive()).end();
});

test('a claimed length of gigabytes costs nothing', async () => {
  const server = await startEchoServer({ maxPayload: 0 });
  const before = process.memoryUsage().rss;
  const clients = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const client = new RawClient(server.port);
      await client.upgrade();
      // 2^52 bytes, of which ten come.
      await client.send(Buffer.from('82ff0010000000000000aabbccdd00112233445566778899', 'hex'));
      return client;
    })
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  await Promise.all(clients.map((client) => client.end()));
});

test('more pings than are answered end the connection', async () => {
  const server = await startEchoServer({ maxPendingAutoPongs: 5 });
  const client = new RawClient(server.port);
  await client.upgrade();
  await client.send(...Array(6).fill(frame('ping', 'p')));
  await client.closed;
});

test('a flood of messages that are delivered one a turn is not all read at once', async () => {
  const server = await startEchoServer({ allowSynchronousEvents: false });
  let delivered = 0;
  let ws;
  server.on('connection', (socket) => {
    ws = socket;
    ws.on('message', () => delivered++);
  });
  const client = new RawClient(server.port);
  await client.upgrade();
  const part = Buffer.concat(Array(100).fill(frame('binary', Buffer.alloc(1000))));
  for (let i = 0; i < 300; i++) client.socket.write(part);
  while (delivered < 500) await new Promise(setImmediate);
  // Most of it has not even left the client.
  expect(client.socket.writableLength).toBeGreaterThan(100 * part.length);
  ws.terminate();
  await client.closed;
});
