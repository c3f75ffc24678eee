'use strict';

// Where wsuv/nodejs-websocket is stricter than the original. What is the same: test/parity/.

const { once } = require('events');
const { PassThrough } = require('stream');
const { pipeline } = require('stream/promises');

const ws = require('../lib/nodejs-websocket');
const { cutAtEachByte } = require('./helpers/cutting');
const { closeFrame, frame, parseFrames } = require('./helpers/frames');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');
const { RawClient, upgradeRequest } = require('./helpers/raw-client');

expectNothingLeftOpen();

const servers = [];
afterEach(async () => {
  ws.setBinaryFragmentation(512 * 1024);
  ws.setMaxBufferLength(2 * 1024 * 1024);
  for (const server of servers.splice(0)) {
    for (const connection of [...server.connections]) connection.socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function start(onConnection = () => {}, options = {}) {
  const server = ws.createServer(options, onConnection).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return server;
}

async function connect(server, headers) {
  const client = new RawClient(server.socket.address().port);
  await client.upgrade(headers);
  return client;
}

// A server, a raw client of it, and the connection between them.
async function startPair(onConnection = () => {}) {
  const server = await start();
  const connected = once(server, 'connection');
  const client = await connect(server);
  const [connection] = await connected;
  onConnection(connection);
  return { client, connection, server };
}

function heard(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
}

const unmasked = (type, payload, options) => frame(type, payload, { ...options, masked: false });

describe('what a peer does wrong', () => {
  const wrong = {
    'a reserved bit': [frame('text', 'x', { rsv: 4 }), 1002, 'WS_ERR_UNEXPECTED_RSV_1'],
    'an unknown opcode': [frame(3, 'x'), 1002, 'WS_ERR_INVALID_OPCODE'],
    'no mask': [unmasked('text', 'x'), 1002, 'WS_ERR_EXPECTED_MASK'],
    'a ping in fragments': [frame('ping', 'x', { fin: false }), 1002, 'WS_ERR_EXPECTED_FIN'],
    'a ping that is too long': [
      frame('ping', 'x'.repeat(126)),
      1002,
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
    ],
    'a continuation of nothing': [frame('continuation', 'x'), 1002, 'WS_ERR_INVALID_OPCODE'],
    'a text within a text': [
      Buffer.concat([frame('text', 'x', { fin: false }), frame('text', 'y')]),
      1002,
      'WS_ERR_INVALID_OPCODE'
    ],
    'a text that is none': [frame('text', Buffer.from([0xff])), 1007, 'WS_ERR_INVALID_UTF8'],
    'a close code that is none': [closeFrame(1006), 1002, 'WS_ERR_INVALID_CLOSE_CODE'],
    'a close frame of one byte': [
      frame('close', 'x'),
      1002,
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
    ],
    'a reason that is no text': [
      frame('close', Buffer.from([3, 0xe8, 0xff])),
      1007,
      'WS_ERR_INVALID_UTF8'
    ]
  };

  test.each(Object.keys(wrong))('%s ends its connection, and nothing else', async (name) => {
    const [bytes, code, error] = wrong[name];
    const server = await start();
    const other = await connect(server);
    const [neighbour] = server.connections;
    for (const isHeard of [false, true]) {
      const connected = once(server, 'connection');
      const client = await connect(server);
      const [connection] = await connected;
      const log = [];
      if (isHeard) connection.on('error', (e) => log.push([e.code, connection.readyState]));
      connection.on('text', (text) => log.push(text));
      connection.on('close', (...args) => log.push([...args, server.connections.length]));
      await client.send(bytes, frame('text', 'behind'));
      await client.closed;
      expect(client.received).toEqual(closeFrame(code, '', { masked: false }));
      expect(log).toEqual([...(isHeard ? [[error, 2]] : []), [code, '', 1]]);
      expect(connection.readyState).toBeGreaterThanOrEqual(2);
    }
    neighbour.sendText('still here');
    expect(await other.read(12)).toEqual(unmasked('text', 'still here'));
    await other.end();
  });

  test('a reset ends its connection, and not the process, where nobody listens for errors', async () => {
    const { client, connection } = await startPair();
    const closed = heard(connection, 'close');
    await client.reset();
    expect(await closed).toEqual([1006, '']);
    expect(connection.readyState).toBe(3);
  });

  test('a text longer than setMaxBufferLength() is 1009, in whatever pieces', async () => {
    ws.setMaxBufferLength(1000);
    for (const pieces of [[1001], [500, 501], [999, 1, 1]]) {
      const { client, connection } = await startPair();
      const closed = heard(connection, 'close');
      const frames = pieces.map((size, i) =>
        frame(i === 0 ? 'text' : 'continuation', 'x'.repeat(size), {
          fin: i === pieces.length - 1
        })
      );
      await client.send(...frames);
      await client.closed;
      expect(await closed).toEqual([1009, '']);
    }
    const { client, connection } = await startPair();
    const text = heard(connection, 'text');
    await client.send(frame('text', 'x'.repeat(1000)));
    expect((await text)[0]).toHaveLength(1000);
    await client.end();
  });

  test('a length of 2^62 is 1009, and nothing is allocated for it', async () => {
    const { client, connection } = await startPair();
    const closed = heard(connection, 'close');
    const head = Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    await client.send(head);
    await client.closed;
    expect((await closed)[0]).toBe(1009);
  });

  test('a character in two fragments is one', async () => {
    const { client, connection } = await startPair();
    const text = heard(connection, 'text');
    const [a, b] = [Buffer.from('€').subarray(0, 1), Buffer.from('€').subarray(1)];
    await client.send(frame('text', a, { fin: false }), frame('continuation', b));
    expect(await text).toEqual(['€']);
    await client.end();
  });

  test('a pong has the bytes of its ping', async () => {
    const { client } = await startPair();
    const bytes = Buffer.from([0xff, 0, 0x80]);
    await client.send(frame('ping', bytes));
    expect(await client.read(5)).toEqual(unmasked('pong', bytes));
    await client.end();
  });
});

describe('what a program does wrong', () => {
  test('sizes that are none', () => {
    for (const set of [ws.setBinaryFragmentation, ws.setMaxBufferLength]) {
      for (const value of ['5', null, undefined, {}, 5n])
        expect(() => set(value)).toThrow(TypeError);
      for (const value of [-1, NaN, 1.5]) expect(() => set(value)).toThrow(RangeError);
      set(Infinity);
    }
    expect(() => ws.setMaxBufferLength(0)).toThrow(
      'The size must be a whole number from 1, or Infinity; got 0'
    );
  });

  test('options that are none', () => {
    expect(() => ws.createServer({ selectProtocol: 'a' })).toThrow(
      new TypeError('The option "selectProtocol" must be a function; got string')
    );
    expect(() => ws.createServer({ validProtocols: { a: true } })).toThrow(
      new TypeError('The option "validProtocols" must be an array; got object')
    );
    expect(ws.createServer(undefined)).toBeInstanceOf(ws.Server);
  });

  test('a ping or a reason that is too long is a RangeError, and nothing happens', async () => {
    const { client, connection } = await startPair();
    expect(() => connection.sendPing('x'.repeat(126))).toThrow(RangeError);
    expect(() => connection.close(1000, 'x'.repeat(124))).toThrow(RangeError);
    expect(() => connection.close(1000, '€'.repeat(42))).toThrow(RangeError);
    expect(connection.readyState).toBe(1);
    connection.sendText('fine');
    expect(await client.read(6)).toEqual(unmasked('text', 'fine'));
    await client.end();
  });

  test.each(['utf8', 5, {}, true, Symbol('x')])('a callback that is none: %p', async (callback) => {
    const { client, connection } = await startPair();
    for (const name of ['sendText', 'sendBinary', 'send']) {
      expect(() => connection[name](Buffer.from('x'), callback)).toThrow(
        new TypeError(`The callback must be a function; got ${typeof callback}`)
      );
    }
    connection.sendText('fine');
    expect(await client.read(6)).toEqual(unmasked('text', 'fine'));
    await client.end();
  });

  test('headers that would end the request are refused before anything is connected', async () => {
    const server = await start();
    const { port } = server.socket.address();
    const url = `ws://127.0.0.1:${port}`;
    let connections = 0;
    server.socket.on('connection', () => connections++);
    expect(() => ws.connect(url, { extraHeaders: { a: 'b\r\nc: d' } })).toThrow(
      'Invalid character in header content'
    );
    expect(() => ws.connect(url, { protocols: 'a' })).toThrow(TypeError);
    expect(() => ws.connect(url, { protocols: ['a b'] })).toThrow(SyntaxError);
    expect(() => ws.connect('nowhere')).toThrow('Invalid URL nowhere');
    for (const callback of [5, 'x', {}]) {
      expect(() => ws.connect(url, {}, callback)).toThrow(
        new TypeError(`The callback must be a function; got ${typeof callback}`)
      );
    }
    await (await connect(server)).end();
    expect(connections).toBe(1);
  });

  test('close() is told once, and a second one does not wait for the peer', async () => {
    const { client, connection, server } = await startPair();
    const log = [];
    connection.on('close', (...args) => log.push(args));
    connection.close(4000, 'first');
    connection.close(4001, 'second');
    connection.close(4002, 'third');
    expect(connection.readyState).toBe(3);
    await client.until((bytes) => bytes.length === 9);
    await client.closed;
    expect(client.received).toEqual(closeFrame(4000, 'first', { masked: false }));
    expect(log).toEqual([[4000, 'first']]);
    expect(server.connections).toEqual([]);
  });
});

describe('a binary stream that comes', () => {
  async function begun(onBinary = () => {}) {
    const pair = await startPair();
    const begins = heard(pair.connection, 'binary');
    pair.connection.on('binary', onBinary);
    await pair.client.send(frame('binary', 'one', { fin: false }));
    const [stream] = await begins;
    return { ...pair, stream };
  }

  test('it is there as soon as its first bytes are', async () => {
    const { client, connection, stream } = await begun();
    expect(String((await once(stream, 'data'))[0])).toBe('one');
    // Within a frame, too.
    const bytes = frame('continuation', 'twothree');
    await client.send(bytes.subarray(0, 9));
    expect(String((await once(stream, 'data'))[0])).toBe('two');
    const ended = once(stream, 'end');
    await client.send(bytes.subarray(9));
    expect(String((await once(stream, 'data'))[0])).toBe('three');
    await ended;
    expect(connection.readyState).toBe(1);
    await client.end();
  });

  test('it may be longer than setMaxBufferLength(), in one frame or many', async () => {
    ws.setMaxBufferLength(1000);
    for (const pieces of [[5000000], [900, 900, 900], [1001, 0, 1]]) {
      const { client, connection } = await startPair();
      let size = 0;
      const ended = new Promise((resolve) => {
        connection.on('binary', (stream) => {
          stream.on('data', (chunk) => (size += chunk.length)).on('end', resolve);
        });
      });
      for (const [i, length] of pieces.entries()) {
        const isLast = i === pieces.length - 1;
        const bytes = frame(i === 0 ? 'binary' : 'continuation', Buffer.alloc(length), {
          fin: isLast
        });
        await client.send(bytes);
      }
      await ended;
      expect(size).toBe(pieces.reduce((sum, length) => sum + length));
      await client.end();
    }
  });

  test('one that is not read stops its peer, and nobody else', async () => {
    const { client, connection, server, stream } = await begun();
    const other = await connect(server);
    const piece = frame('continuation', Buffer.alloc(65536), { fin: false });
    let taken = 0;
    const send = () =>
      client.socket.write(piece, () => ((taken += 65536), taken < 2 ** 27 && send()));
    send();
    for (let before = taken, turns = 0; turns < 1000; turns++) {
      await new Promise(setImmediate);
      if (taken !== before) turns = 0;
      before = taken;
    }
    expect(taken).toBeLessThan(2 ** 26);
    expect(stream.readableLength).toBeLessThan(2 ** 21);
    for (const one of server.connections) if (one !== connection) one.sendText('still here');
    expect(await other.read(12)).toEqual(unmasked('text', 'still here'));
    connection.socket.destroy();
    await client.closed;
    await other.end();
  });

  test.each([false, true])(
    'one whose peer goes does not end, but is destroyed (somebody listens: %p)',
    async (isHeard) => {
      const { client, connection, stream } = await begun();
      const log = [];
      if (isHeard) stream.on('error', ({ code }) => log.push(code));
      stream.on('end', () => log.push('end'));
      stream.resume();
      const gone = new Promise((resolve) => stream.on('close', resolve));
      const closed = heard(connection, 'close');
      await client.reset();
      expect(await closed).toEqual([1006, '']);
      await gone;
      expect(log).toEqual(isHeard ? ['WS_ERR_INCOMPLETE_MESSAGE'] : []);
    }
  );

  test('a wrong frame within it destroys it with the reason', async () => {
    const { client, connection, stream } = await begun();
    const failed = once(stream, 'error');
    const closed = heard(connection, 'close');
    await client.send(frame('text', 'within'));
    expect((await failed)[0].code).toBe('WS_ERR_INVALID_OPCODE');
    expect(await closed).toEqual([1002, '']);
    await client.closed;
  });

  test('one that is under way when close() is called still comes whole', async () => {
    const { client, connection, stream } = await begun();
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    const ended = once(stream, 'end');
    connection.close(4000, 'enough');
    await client.send(frame('continuation', 'two'), frame('text', 'dropped'), closeFrame(4000));
    await ended;
    expect(String(Buffer.concat(chunks))).toBe('onetwo');
    await client.closed;
  });

  test('one that is destroyed is skipped, and what follows comes', async () => {
    const { client, connection } = await begun((stream) => stream.destroy());
    const text = heard(connection, 'text');
    await client.send(frame('continuation', 'two'), frame('text', 'behind'));
    expect(await text).toEqual(['behind']);
    await client.end();
  });

  test('one that nobody listens for is skipped', async () => {
    const { client, connection } = await startPair();
    const text = heard(connection, 'text');
    await client.send(
      frame('binary', 'one', { fin: false }),
      frame('continuation', 'two'),
      frame('binary', 'three'),
      frame('text', 'behind')
    );
    expect(await text).toEqual(['behind']);
    await client.end();
  });

  test('a text in 200,000 fragments of a byte is one text, or 1009', async () => {
    const bytes = Buffer.concat([
      frame('text', 'x', { fin: false }),
      ...Array(199998).fill(frame('continuation', 'x', { fin: false })),
      frame('continuation', 'x')
    ]);
    const { client, connection } = await startPair();
    const text = heard(connection, 'text');
    await client.send(bytes);
    expect((await text)[0]).toBe('x'.repeat(200000));
    await client.end();
    ws.setMaxBufferLength(199999);
    const second = await startPair();
    const closed = heard(second.connection, 'close');
    await second.client.send(bytes);
    expect(await closed).toEqual([1009, '']);
    await second.client.closed;
    expect(second.client.received).toEqual(closeFrame(1009, '', { masked: false }));
  });
});

describe('a binary stream that is sent', () => {
  test('its fragments are made of what was written, not of what is there later', async () => {
    ws.setBinaryFragmentation(10);
    const { client, connection } = await startPair();
    const stream = connection.beginBinary();
    const chunk = Buffer.from('12345');
    for (const value of ['12345', '67890', 'abc']) {
      chunk.write(value);
      await new Promise((resolve) => stream.write(chunk.subarray(0, value.length), resolve));
    }
    chunk.fill('!');
    stream.end();
    await client.until((bytes) => parseFrames(bytes).frames.length === 2);
    expect(parseFrames(client.received).frames.map(({ payload }) => String(payload))).toEqual([
      '1234567890',
      'abc'
    ]);
    await client.end();
  });

  test('it waits for a peer that does not read', async () => {
    ws.setBinaryFragmentation(64 * 1024);
    const { client, connection } = await startPair();
    client.socket.pause();
    let written = 0;
    const total = 64 * 1024 * 1024;
    async function* source() {
      const chunk = Buffer.alloc(64 * 1024);
      for (; written < total; written += chunk.length) yield chunk;
    }
    const done = pipeline(source, connection.beginBinary());
    // Until nothing more is taken, for many turns of the event loop.
    for (let before = written, turns = 0; turns < 1000; turns++) {
      await new Promise(setImmediate);
      if (written !== before) turns = 0;
      before = written;
    }
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(total / 2);
    let size = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (size += chunk.length));
    client.socket.resume();
    await done;
    connection.sendText('done');
    connection.close(1000);
    while (size < total) await once(client.socket, 'data');
    expect(written).toBe(total);
    await client.send(closeFrame(1000));
    await client.closed;
  });

  test('one that is destroyed before anything was sent leaves the connection free', async () => {
    const { client, connection } = await startPair();
    const stream = connection.beginBinary();
    stream.write('never sent');
    stream.destroy();
    await once(stream, 'close');
    expect(connection.outStream).toBe(null);
    connection.sendText('fine');
    expect(await client.read(6)).toEqual(unmasked('text', 'fine'));
    await client.end();
  });

  test('one that is destroyed within its message closes with 1011', async () => {
    ws.setBinaryFragmentation(2);
    const { client, connection } = await startPair();
    const closed = heard(connection, 'close');
    const stream = connection.beginBinary();
    async function* source() {
      yield 'some';
      throw new Error('of the source');
    }
    await expect(pipeline(source, stream)).rejects.toThrow('of the source');
    expect(await closed).toEqual([1011, 'A message was broken off']);
    await client.send(closeFrame(1011));
    await client.closed;
    expect(client.received).toEqual(
      Buffer.concat([
        unmasked('binary', 'some', { fin: false }),
        closeFrame(1011, 'A message was broken off', { masked: false })
      ])
    );
  });

  test('a peer that goes while something is piped into it ends neither the source nor the process', async () => {
    ws.setBinaryFragmentation(2);
    const { client, connection } = await startPair();
    const source = new PassThrough();
    const stream = connection.beginBinary();
    source.pipe(stream);
    source.write('abcd');
    await client.until((bytes) => bytes.length >= 6);
    // Under way when the peer goes, since it does not read.
    client.socket.pause();
    source.write(Buffer.alloc(20 * 1024 * 1024));
    await client.reset();
    await new Promise((resolve) => stream.on('close', resolve));
    expect([source.destroyed, source.readableFlowing]).toEqual([false, false]);
  });

  test.each([false, true])(
    'a peer that goes breaks it off (somebody listens: %p)',
    async (isHeard) => {
      ws.setBinaryFragmentation(2);
      const { client, connection } = await startPair();
      const stream = connection.beginBinary();
      const errors = [];
      if (isHeard) stream.on('error', (error) => errors.push(error.code));
      stream.write('ab');
      const gone = once(stream, 'close').catch(() => {});
      await client.reset();
      await heard(connection, 'close');
      await gone;
      expect(stream.destroyed).toBe(true);
      expect(connection.outStream).toBe(null);
      // What is written to it afterwards is nobody's.
      stream.write('cd');
      stream.end();
      expect(errors).toHaveLength(isHeard ? 1 : 0);
    }
  );
});

test('a cut or a reset at any byte ends each connection once, and streams with it', async () => {
  ws.setMaxBufferLength(100);
  ws.setBinaryFragmentation(10);
  const bytes = Buffer.concat([
    frame('text', 'h\xe9llo', { fin: false }),
    frame('ping', 'p'),
    frame('continuation', 'world'),
    frame('binary', Buffer.alloc(150, 1), { fin: false }),
    frame('continuation', Buffer.alloc(20, 2)),
    frame('binary', Buffer.alloc(3, 3)),
    closeFrame(4000, 'bye')
  ]);
  const ends = new Map();
  const streams = new Set();
  const server = await start((connection) => {
    ends.set(connection, 0);
    connection.on('close', () => ends.set(connection, ends.get(connection) + 1));
    connection.on('text', (text) => connection.sendText(text));
    connection.on('binary', (stream) => {
      streams.add(stream.on('close', () => streams.delete(stream)));
      // One at a time: the second one is only read.
      const out = connection.outStream === null ? connection.beginBinary() : new PassThrough();
      streams.add(out.on('close', () => streams.delete(out)));
      stream.pipe(out).resume?.();
    });
  });
  await cutAtEachByte(bytes, () => connect(server));
  while (server.connections.length > 0) await new Promise(setImmediate);
  while (streams.size > 0) await new Promise(setImmediate);
  expect(ends.size).toBe(bytes.length);
  expect(new Set(ends.values())).toEqual(new Set([1]));
});

test('sendText() returns false while much waits, and the socket tells when it does not', async () => {
  const { client, connection } = await startPair();
  client.socket.pause();
  expect(connection.sendText('small')).toBe(true);
  let isFree = true;
  let sent = 0;
  for (; isFree && sent < 200; sent++) isFree = connection.sendBinary(Buffer.alloc(1024 * 1024));
  expect(isFree).toBe(false);
  const drained = once(connection.socket, 'drain');
  client.socket.resume();
  await drained;
  expect(connection.sendText('small again')).toBe(true);
  await client.until((bytes) => bytes.includes('small again'));
  await client.end();
});

describe('handshakes', () => {
  test('a head that is too large is 400', async () => {
    const server = await start();
    const client = new RawClient(server.socket.address().port);
    await client.send(upgradeRequest({ 'X-Large': 'x'.repeat(20000) }));
    expect(await client.response()).toBe('HTTP/1.1 400 Bad Request\r\n\r\n');
    await client.closed;
  });

  test.each(['a b', 'a,,b', 'a, a', 'a\u00e9'])(
    'protocols that are none (%p) are 400',
    async (offer) => {
      const server = await start(() => {}, { validProtocols: ['a'] });
      const client = new RawClient(server.socket.address().port);
      expect(await client.upgrade({ 'Sec-WebSocket-Protocol': offer })).toMatch(/^HTTP\/1.1 400 /);
      await client.closed;
    }
  );

  test.each([
    { 'Sec-WebSocket-Key': 'not 16 bytes' },
    { 'Sec-WebSocket-Protocol': '' },
    { 'Sec-WebSocket-Version': '8' },
    { Host: undefined }
  ])('%p is 400', async (headers) => {
    const server = await start(() => {}, { validProtocols: ['a'] });
    const client = new RawClient(server.socket.address().port);
    expect(await client.upgrade(headers)).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    await client.closed;
    expect(server.connections).toEqual([]);
  });

  test.each([
    [
      'of the program',
      () => {
        throw new Error('of the program');
      }
    ],
    ['selectProtocol() must return the name of a protocol, or nothing', () => 'a b'],
    ['selectProtocol() must return the name of a protocol, or nothing', async () => 'a']
  ])('a selectProtocol() that fails (%s) ends its own connection', async (message, fails) => {
    let select = fails;
    const server = await start(() => {}, {
      selectProtocol: (connection, protocols) => select(connection, protocols)
    });
    const errors = [];
    const upgrade = server.socket.listeners('upgrade');
    server.socket.removeAllListeners('upgrade');
    // Where nobody catches it, it would end the process, as with the original.
    server.socket.on('upgrade', function onUpgrade(...args) {
      try {
        for (const listener of upgrade) listener.apply(this, args);
      } catch (error) {
        errors.push(error.message);
      }
    });
    const client = new RawClient(server.socket.address().port);
    await client.send(upgradeRequest({ 'Sec-WebSocket-Protocol': 'a' }));
    await client.closed;
    expect([errors, String(client.received), server.connections]).toEqual([[message], '', []]);
    select = () => 'a';
    const second = await connect(server, { 'Sec-WebSocket-Protocol': 'a' });
    expect(server.connections.map(({ protocol }) => protocol)).toEqual(['a']);
    await second.end();
  });

  test('one that selectProtocol() closes never opens', async () => {
    const log = [];
    const server = await start(() => log.push('connection'), {
      selectProtocol(connection) {
        connection.on('close', (...args) => log.push(args));
        connection.on('connect', () => log.push('connect'));
        connection.close(4000, 'no');
        return 'a';
      }
    });
    const client = new RawClient(server.socket.address().port);
    await client.send(upgradeRequest({ 'Sec-WebSocket-Protocol': 'a' }));
    await client.closed;
    expect([log, String(client.received), server.connections]).toEqual([[[4000, 'no']], '', []]);
  });

  test('CONNECT is 400', async () => {
    const server = await start();
    const client = new RawClient(server.socket.address().port);
    await client.send('CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await client.response()).toBe('HTTP/1.1 400 Bad Request\r\n\r\n');
    await client.closed;
  });

  test("a client's Host has the port, and credentials stay out of the request", async () => {
    const server = await start();
    const { port } = server.socket.address();
    const connected = once(server, 'connection');
    const client = ws.connect(`ws://user:secret@127.0.0.1:${port}/path#fragment`);
    const [{ headers, path }] = await connected;
    expect(headers.host).toBe(`127.0.0.1:${port}`);
    expect(headers.authorization).toBe(undefined);
    expect(path).toBe('/path');
    if (client.readyState === 0) await heard(client, 'connect');
    client.close();
    await once(client.socket, 'close');
  });

  test('one client more, once a limit of the server is reached, is turned away', async () => {
    const server = await start();
    server.socket.maxConnections = 1;
    const first = await connect(server);
    const second = new RawClient(server.socket.address().port);
    await second.closed;
    expect(server.connections).toHaveLength(1);
    await first.end();
  });
});
