'use strict';

const { EventEmitter, once } = require('events');
const http = require('http');

const WS = require('ws');

const { MyWebsocket } = require('..');
const { closeFrame, frame, parseFrames } = require('./helpers/frames');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');
const { RawClient } = require('./helpers/raw-client');

expectNothingLeftOpen();

const open = [];
afterEach(() =>
  Promise.all(
    open.splice(0).map((server) => {
      for (const peer of server.peers) peer.terminate();
      return new Promise((resolve) => server.close(1000, '', resolve));
    })
  )
);

async function start(options = {}) {
  const server = new MyWebsocket({ port: 0, host: '127.0.0.1', ...options });
  open.push(server);
  await once(server, 'listening');
  server.port = server.address().port;
  return server;
}

async function connect(server) {
  const client = new RawClient(server.port);
  await client.upgrade();
  return client;
}

test('it is an EventEmitter', () => {
  expect(MyWebsocket.prototype).toBeInstanceOf(EventEmitter);
});

test('text comes as a string and binary as a Buffer, with the peer', async () => {
  const server = await start();
  const got = [];
  server.on('data', (data, peer) => {
    got.push(data);
    peer.send(data);
  });
  const client = await connect(server);
  const texts = ['', 'plain', 'é€😀', 'x'.repeat(126), 'y'.repeat(70000), 'ü'.repeat(40000)];
  const binaries = [
    Buffer.alloc(0),
    Buffer.from([0, 255]),
    Buffer.alloc(126, 1),
    Buffer.alloc(70000, 2)
  ];
  await client.send(
    ...texts.map((t) => frame('text', t)),
    ...binaries.map((b) => frame('binary', b))
  );
  const echoes = [
    ...texts.map((t) => frame('text', t, { masked: false })),
    ...binaries.map((b) => frame('binary', b, { masked: false }))
  ];
  const expected = Buffer.concat(echoes);
  expect((await client.read(expected.length)).equals(expected)).toBe(true);
  expect(got).toEqual([...texts, ...binaries]);
  expect(got.slice(texts.length).every((data) => Buffer.isBuffer(data))).toBe(true);
  await client.end();
});

test('messages may be split over packets, in fragments, or many in one packet', async () => {
  const server = await start();
  const got = [];
  server.on('data', (data) => got.push(data));
  const client = await connect(server);
  client.socket.setNoDelay();
  const bytes = Buffer.concat([
    frame('text', 'one'),
    frame('text', 'tw', { fin: false }),
    frame('ping', 'still there?'),
    frame('continuation', 'o'),
    ...Array(100).fill(frame('text', 'many')),
    closeFrame(1000)
  ]);
  for (let at = 0; at < 60; at++) await client.send(bytes.subarray(at, at + 1));
  await client.send(bytes.subarray(60));
  await client.closed;
  const { frames } = parseFrames(client.received);
  expect(frames.map(({ opcode, payload }) => [opcode, payload.toString('latin1')])).toEqual([
    [10, 'still there?'],
    [8, '\x03\xe8']
  ]);
  expect(got).toEqual(['one', 'two', ...Array(100).fill('many')]);
});

test('send() reaches every open connection', async () => {
  const server = await start();
  const clients = await Promise.all([1, 2, 3].map(() => connect(server)));
  server.send('to all');
  server.send(Buffer.from('bytes'));
  server.send(new Uint8Array([65]));
  for (const client of clients) {
    expect((await client.read(18)).toString('latin1')).toBe('\x81\x06to all\x82\x05bytes\x82\x01A');
  }
  for (const client of clients) await client.end();
});

test('send() of anything else throws an error that names it', async () => {
  const server = await start();
  expect(() => server.send(5)).toThrow(
    new TypeError('The data to send must be a string, bytes or a Blob; got number (5)')
  );
  expect(() => server.send({})).toThrow(/got an instance of Object/);
  expect(() => server.send(null)).toThrow(/got null/);
  expect(() => server.send(undefined)).toThrow(/got undefined/);
  expect(() => server.send(['a'])).toThrow(/got an instance of Array/);
});

test('send() takes what the send() of a WebSocket takes', async () => {
  const server = await start();
  const clients = await Promise.all([1, 2].map(() => connect(server)));
  const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(66);
  server.send(new Uint8Array([65, 65]).buffer);
  server.send(shared.buffer);
  server.send(new DataView(new Uint8Array([0, 67, 67, 0]).buffer, 1, 2));
  server.send(new Uint16Array([0x4444]));
  server.send(new Blob(['EE']));
  server.send('FF', { binary: true });
  server.send(Buffer.from('GG'), { binary: false });
  server.send('H', { fin: false });
  server.send('H', { fin: true });
  const expected =
    '\x82\x02AA\x82\x02BB\x82\x02CC\x82\x02DD\x82\x02EE\x82\x02FF\x81\x02GG\x01\x01H\x80\x01H';
  for (const client of clients) {
    expect((await client.read(expected.length)).toString('latin1')).toBe(expected);
  }
  for (const client of clients) await client.end();
});

test('the callback of send() is called once, when every connection has it', async () => {
  const server = await start();
  const log = [];
  const sent = (...args) =>
    new Promise((resolve) => {
      server.send(...args, (...got) => {
        log.push([args[0], ...got]);
        resolve();
      });
      log.push(`${args[0]} was sent`);
    });
  await sent('nobody is there');
  const clients = await Promise.all([1, 2, 3].map(() => connect(server)));
  await sent('one');
  await sent('two', { binary: true });
  expect(log).toEqual([
    'nobody is there was sent',
    ['nobody is there', null],
    'one was sent',
    ['one', null],
    'two was sent',
    ['two', null]
  ]);
  for (const client of clients) await client.end();
});

test('the callback of send() gets the first error', async () => {
  const server = await start();
  const clients = await Promise.all([1, 2].map(() => connect(server)));
  for (const client of clients) client.socket.pause();
  // More than the kernel takes.
  const errors = [];
  const told = new Promise((resolve) => {
    server.send(Buffer.alloc(50 * 1024 * 1024), (error) => resolve(errors.push(error)));
  });
  for (const peer of server.peers) peer.terminate();
  await told;
  expect(errors[0]).toBeInstanceOf(Error);
  expect(errors).toHaveLength(1);
  for (const client of clients) client.socket.resume();
});

test('a callback that is none is refused before anything is sent', async () => {
  const server = await start();
  const client = await connect(server);
  for (const callback of ['utf8', 5, {}, null, true]) {
    expect(() => server.send('x', {}, callback)).toThrow(
      /^The callback must be a function; got (null|string|number|boolean|an instance of Object)/
    );
  }
  server.send('the first');
  expect((await client.read(11)).toString('latin1')).toBe('\x81\x09the first');
  await client.end();
});

test("'data' tells whether it is binary", async () => {
  const server = await start();
  const got = [];
  server.on('data', (data, peer, isBinary) => got.push([typeof data, isBinary]));
  const client = await connect(server);
  await client.send(
    frame('text', 'a'),
    frame('binary', 'a'),
    frame('text', 'b'.repeat(70000)),
    frame('binary', 'b'.repeat(70000)),
    closeFrame(1000)
  );
  await client.closed;
  expect(got).toEqual([
    ['string', false],
    ['object', true],
    ['string', false],
    ['object', true]
  ]);
});

test("'close' tells code and reason, and 1006 without a close frame", async () => {
  const server = await start();
  const ends = [];
  server.on('close', (code, reason, peer) => ends.push([code, reason, peer.readyState]));
  const polite = await connect(server);
  await polite.send(closeFrame(4001, 'so long'));
  await polite.closed;
  const rude = await connect(server);
  await rude.reset();
  const silent = await connect(server);
  await silent.send(closeFrame());
  await silent.closed;
  while (ends.length < 3) await new Promise(setImmediate);
  expect(ends.sort((a, b) => a[0] - b[0])).toEqual([
    [1005, '', 3],
    [1006, '', 3],
    [4001, 'so long', 3]
  ]);
});

test('close() closes every connection with the code and stops the server', async () => {
  const server = await start();
  const clients = await Promise.all([
    new WS(`ws://127.0.0.1:${server.port}`),
    new WS(`ws://127.0.0.1:${server.port}`)
  ]);
  await Promise.all(clients.map((client) => once(client, 'open')));
  const ends = clients.map((client) => once(client, 'close'));
  const stopped = new Promise((resolve) => server.close(1001, 'maintenance', resolve));
  for (const end of ends) {
    const [code, reason] = await end;
    expect([code, reason.toString()]).toEqual([1001, 'maintenance']);
  }
  await stopped;
  expect(server.address()).toBe(null);
});

test('peers have send, close and readyState', async () => {
  const server = await start();
  const connection = once(server, 'connection');
  const client = await connect(server);
  const [peer] = await connection;
  expect(peer.readyState).toBe(1);
  peer.send('just you');
  expect((await client.read(10)).toString('latin1')).toBe('\x81\x08just you');
  peer.close(4000, 'enough');
  expect(peer.readyState).toBe(2);
  expect(await client.read(10)).toEqual(closeFrame(4000, 'enough', { masked: false }));
  await client.send(closeFrame(4000));
  await client.closed;
});

test('what a peer does wrong is an error event, and no crash where nobody listens', async () => {
  const server = await start();
  const bad = await connect(server);
  await bad.send(frame(3, 'bad'));
  await bad.closed;
  const error = once(server, 'error');
  const worse = await connect(server);
  await worse.send(frame('text', Buffer.from([0xff])));
  const [{ code }, peer] = await error;
  expect(code).toBe('WS_ERR_INVALID_UTF8');
  expect(peer.readyState).toBe(2);
  await worse.closed;
});

test('listening at a port that is taken is an error event', async () => {
  const server = await start();
  const second = new MyWebsocket({ port: server.port, host: '127.0.0.1' });
  const [error] = await once(second, 'error');
  expect(error.code).toBe('EADDRINUSE');
});

test('it works on an existing HTTP server, beside its pages', async () => {
  const web = http.createServer((req, res) => res.end('a page'));
  const server = new MyWebsocket({ server: web });
  server.on('data', (data, peer) => peer.send(`got ${data}`));
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address();
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page');
  const client = await connect({ port });
  await client.send(frame('text', 'x'.repeat(100000)));
  const expected = frame('text', `got ${'x'.repeat(100000)}`, { masked: false });
  expect((await client.read(expected.length)).equals(expected)).toBe(true);
  await client.send(closeFrame(1000));
  await client.closed;
  server.close();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
});

test("it takes one connection inside an 'upgrade' handler", async () => {
  const web = http.createServer();
  const log = [];
  web.on('upgrade', (req, socket, head) => {
    const mine = new MyWebsocket(req, socket, head);
    mine.send('at once');
    mine.on('connection', (peer) => log.push(['connection', peer.readyState]));
    mine.on('data', (data) => mine.send(`echo ${data}`));
    mine.on('close', (code, reason) => log.push(['close', code, reason]));
  });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const clients = await Promise.all([connect(web.address()), connect(web.address())]);
  for (const [i, client] of clients.entries()) {
    expect((await client.read(9)).toString('latin1')).toBe('\x81\x07at once');
    await client.send(frame('text', String(i)));
    expect((await client.read(8)).toString('latin1')).toBe(`\x81\x06echo ${i}`);
  }
  for (const client of clients) {
    await client.send(closeFrame(1000, 'done'));
    await client.closed;
  }
  await new Promise((resolve) => web.close(resolve));
  while (log.length < 4) await new Promise(setImmediate);
  expect(log).toEqual([
    ['connection', 1],
    ['connection', 1],
    ['close', 1000, 'done'],
    ['close', 1000, 'done']
  ]);
});
