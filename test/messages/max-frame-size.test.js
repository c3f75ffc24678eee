'use strict';

const { once } = require('events');
const { randomBytes } = require('crypto');

const ws = require('ws');

const { Sender, WebSocket, WebSocketServer } = require('../..');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { framesOf, inflated, messagesOf, record } = require('../helpers/peer-frames');
const { startServer, stopServersAfterEach } = require('../helpers/servers');
const { connectBy, transports } = require('../helpers/transports');

stopServersAfterEach();
expectNothingLeftOpen();

const running = [];

async function open(transport, options) {
  const made = await connectBy(transport, options);
  running.push(made);
  made.ws.on('error', () => {});
  return made;
}

afterEach(() => Promise.all(running.splice(0).map(({ stop }) => stop())));

const hasEnd = (bytes) => framesOf(bytes).some(({ payload }) => String(payload) === 'end');

const errorOf = (action) => {
  try {
    action();
    return undefined;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

describe.each(transports)('by %s', (transport) => {
  const options = { perMessageDeflate: false };

  test('a longer message leaves in frames of that size, and no other does', async () => {
    const made = await open(transport, { ...options, maxFrameSize: 300 });
    made.ws.send(Buffer.alloc(1000, 'a'));
    made.ws.send('b'.repeat(300));
    made.ws.send('ä'.repeat(200));
    made.ws.send(Buffer.alloc(0));
    made.ws.send(new Uint16Array(301));
    made.ws.send(Buffer.alloc(20), { maxFrameSize: 8 });
    made.ws.send(Buffer.alloc(1000), { maxFrameSize: 0 });
    made.ws.send('end');
    const messages = messagesOf(framesOf(await made.peer.until(hasEnd)));
    expect(messages.map(({ kind, sizes }) => [kind, ...sizes])).toEqual([
      ['binary', 300, 300, 300, 100],
      ['text', 300],
      ['text', 300, 100],
      ['binary', 0],
      ['binary', 300, 300, 2],
      ['binary', 8, 8, 4],
      ['binary', 1000],
      ['text', 3]
    ]);
    expect(String(messages[2].data)).toBe('ä'.repeat(200));
    expect(framesOf(made.peer.received).every(({ isMasked }) => isMasked === !made.masked)).toBe(
      true
    );
  });

  test('a fragment of the program is fragmented, too', async () => {
    const made = await open(transport, { ...options, maxFrameSize: 4 });
    made.ws.send('123456', { fin: false });
    made.ws.send('789', { fin: false });
    made.ws.send('abcde');
    made.ws.send('end');
    const frames = framesOf(await made.peer.until(hasEnd));
    expect(frames.map(({ fin, opcode, payload }) => [opcode, fin, String(payload)])).toEqual([
      [1, false, '1234'],
      [0, false, '56'],
      [0, false, '789'],
      [0, false, 'abcd'],
      [0, true, 'e'],
      [1, true, 'end']
    ]);
  });

  test('pings, and answers to pings, pass a message that waits for its peer', async () => {
    const made = await open(transport, { ...options, maxFrameSize: 10_000 });
    const data = randomBytes(24 * 1024 * 1024);
    const copy = Buffer.from(data);
    const received = record(made.peer);
    const order = [];
    made.ws.send(data, (error) => order.push(['message', error ?? null]));
    // It is the program's again.
    data.fill(0);
    made.ws.ping('ours', (error) => order.push(['ping', error ?? null]));
    made.ws.send('behind', (error) => order.push(['behind', error ?? null]));
    const pinged = once(made.ws, 'ping');
    await made.peer.send(made.frame('ping', 'theirs'));
    await pinged;
    expect(made.ws.bufferedAmount).toBeGreaterThan(1024 * 1024);
    const messages = messagesOf(framesOf(await received('behind')));
    expect(messages.map(({ kind }) => kind)).toEqual(['ping', 'pong', 'binary', 'text']);
    expect(messages[2].data.equals(copy)).toBe(true);
    expect(Math.max(...messages[2].sizes)).toBe(10_000);
    while (order.length < 3) await new Promise(setImmediate);
    expect(order).toEqual([
      ['ping', null],
      ['message', null],
      ['behind', null]
    ]);
    expect(made.ws.bufferedAmount).toBe(0);
  });

  test('compressed messages are in frames of that size, with RSV1 on the first one', async () => {
    for (const size of [7, 1000]) {
      const made = await open(transport, { maxFrameSize: size, perMessageDeflate: true });
      const data = randomBytes(200_000);
      data.fill('text ', 100_000);
      made.ws.send(data);
      made.ws.send('end', { compress: false });
      const [message] = messagesOf(framesOf(await made.peer.until(hasEnd)));
      expect(message.rsv1).toBe(true);
      expect(Math.max(...message.sizes)).toBe(size);
      expect(message.data.length).toBeLessThan(120_000);
      expect(inflated(message.data).equals(data)).toBe(true);
    }
  });

  test('close() comes behind what is waiting, whole', async () => {
    const made = await open(transport, { ...options, maxFrameSize: 50_000 });
    const data = randomBytes(24 * 1024 * 1024);
    const received = record(made.peer);
    made.ws.send(data);
    made.ws.send('last');
    made.ws.close(4001);
    await new Promise(setImmediate);
    const messages = messagesOf(framesOf(await received(undefined)));
    expect(messages.map(({ kind }) => kind)).toEqual(['binary', 'text', 'close']);
    expect(messages[0].data.equals(data)).toBe(true);
    expect(messages[2].data.readUInt16BE(0)).toBe(4001);
  });

  test('a peer that does not read is dropped after closeTimeout', async () => {
    const made = await open(transport, { ...options, closeTimeout: 100, maxFrameSize: 50_000 });
    made.peer.socket.pause();
    made.ws.send(Buffer.alloc(24 * 1024 * 1024));
    made.ws.close();
    const [code] = await once(made.ws, 'close');
    expect(code).toBe(1006);
  });

  test('terminate(), and a peer that goes in the middle, give errors to all callbacks', async () => {
    for (const end of [(made) => made.ws.terminate(), (made) => made.peer.socket.destroy()]) {
      const made = await open(transport, { ...options, maxFrameSize: 50_000 });
      made.peer.socket.pause();
      const errors = [];
      made.ws.send(Buffer.alloc(24 * 1024 * 1024), (error) => errors.push(error));
      made.ws.send('behind', (error) => errors.push(error));
      await new Promise(setImmediate);
      const closed = once(made.ws, 'close');
      end(made);
      await closed;
      while (errors.length < 2) await new Promise(setImmediate);
      expect(errors.map((error) => error instanceof Error)).toEqual([true, true]);
      expect(errors[0].code).toBe('WS_ERR_MESSAGE_INTERRUPTED');
    }
  });
});

test('a Blob is sent in frames, and what comes behind it waits', async () => {
  const made = await open('port', { maxFrameSize: 5 });
  made.ws.send(new Blob(['0123456789ab']));
  made.ws.send('end');
  const messages = messagesOf(framesOf(await made.peer.until(hasEnd)));
  expect(messages.map(({ sizes }) => sizes)).toEqual([[5, 5, 2], [3]]);
  expect(String(messages[0].data)).toBe('0123456789ab');
});

test('each frame has a masking key of the user, where there is one', async () => {
  let calls = 0;
  const made = await open('client', {
    generateMask: (key) => key.fill(++calls),
    maxFrameSize: 2,
    perMessageDeflate: false
  });
  made.ws.send('abcde');
  made.ws.send('end');
  await made.peer.until((bytes) => framesOf(bytes).length === 5);
  const keys = [];
  for (let at = 0; at < made.peer.received.length;) {
    keys.push(made.peer.received[at + 2]);
    at += 6 + (made.peer.received[at + 1] & 127);
  }
  expect(keys).toEqual([1, 2, 3, 4, 5]);
});

test('a masking function that throws in the middle of a message ends the connection', async () => {
  let calls = 0;
  const made = await open('client', {
    generateMask() {
      if (++calls === 2) throw new Error('no key');
    },
    maxFrameSize: 2,
    perMessageDeflate: false
  });
  expect(errorOf(() => made.ws.send('abcde'))).toBe('Error: no key');
  const [code] = await once(made.ws, 'close');
  expect(code).toBe(1006);
});

test.each([
  ['in frames', (socket) => socket.send('abcdef')],
  [
    'as a stream',
    (socket) => {
      const stream = socket.createMessageStream();
      stream.write('ab');
      stream.write('cd');
      stream.end('ef');
    }
  ]
])(
  'a masking function that closes in the middle of a message %s does not mix it up',
  async (_, send) => {
    let calls = 0;
    const made = await open('client', {
      generateMask() {
        if (++calls === 1) made.ws.close(1000);
      },
      maxFrameSize: 2,
      perMessageDeflate: false
    });
    send(made.ws);
    const frames = await made.peer
      .until((bytes) => framesOf(bytes).some(({ opcode }) => opcode === 8))
      .then(framesOf);
    const opcodes = frames.map(({ opcode }) => opcode);
    expect(opcodes).toEqual([1, 0, 0, 8]);
    const text = Buffer.concat(frames.slice(0, 3).map(({ payload }) => payload));
    expect(text.toString()).toBe('abcdef');
  }
);

test('ws understands them, compressed with context takeover by the thread pool and in place', async () => {
  const server = await startServer({ maxFrameSize: 20_000, perMessageDeflate: true }, (peer) => {
    peer.on('error', () => {});
    for (const size of [10, 300_000, 30_000, 70_000]) {
      peer.send(Buffer.alloc(size, 'abcdefgh'));
      peer.ping(String(size));
    }
    peer.close();
  });
  const client = new ws.WebSocket(`ws://127.0.0.1:${server.port}`);
  const got = [];
  client.on('message', (data) => {
    expect(data.equals(Buffer.alloc(data.length, 'abcdefgh'))).toBe(true);
    got.push(data.length);
  });
  client.on('ping', (data) => got.push(String(data)));
  const [code] = await once(client, 'close');
  expect(code).toBe(1005);
  expect(got.filter((size) => typeof size === 'number')).toEqual([10, 300_000, 30_000, 70_000]);
  expect(got.filter((size) => typeof size === 'string').length).toBe(4);
});

test('what is no size is refused', async () => {
  const made = await open('port', {});
  const use = [
    (maxFrameSize) => new WebSocketServer({ maxFrameSize, noServer: true }),
    (maxFrameSize) => new WebSocket('ws://127.0.0.1:1', { maxFrameSize }),
    (maxFrameSize) => made.ws.send('text', { maxFrameSize })
  ];
  for (const action of use) {
    expect(errorOf(() => action('1000'))).toBe(
      'TypeError: The "maxFrameSize" option must be a number, not of type string'
    );
    expect(errorOf(() => action(null))).toBe(
      'TypeError: The "maxFrameSize" option must be a number, not null'
    );
    for (const value of [-1, 1.5, NaN, Infinity]) {
      expect(errorOf(() => action(value))).toBe(
        `RangeError: The "maxFrameSize" option must be a whole number of bytes, or 0 for no limit, not ${value}`
      );
    }
  }
});

test('a Sender sends in frames of that size', () => {
  const written = [];
  const socket = { cork() {}, uncork() {}, write: (chunk) => written.push(chunk) };
  const sender = new Sender(socket, {});
  const options = { binary: false, compress: false, fin: true, mask: false };
  sender.send('abcdefg', { ...options, maxFrameSize: 3 });
  sender.send('abc', { ...options, maxFrameSize: 3 });
  const messages = messagesOf(framesOf(Buffer.concat(written)));
  expect(messages.map(({ sizes }) => sizes)).toEqual([[3, 3, 1], [3]]);
});
