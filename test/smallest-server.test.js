'use strict';

const { once } = require('events');
const http = require('http');

const { MyWebsocket, WebSocket, myWebsocket } = require('..');
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

async function start(callback, options = {}) {
  const server = myWebsocket({ port: 0, host: '127.0.0.1', callback, ...options });
  open.push(server);
  await once(server, 'listening');
  return server;
}

async function connect(server) {
  const client = new RawClient(server.address().port);
  await client.upgrade();
  return client;
}

const unmasked = (type, payload) => frame(type, payload, { masked: false });

test('text comes as a string, and sendText() answers', async () => {
  const server = await start((data, sendText) => sendText(`${typeof data} ${data}`));
  expect(server).toBeInstanceOf(MyWebsocket);
  const client = await connect(server);
  for (const text of ['', 'a', 'é€😀', 'x'.repeat(126), 'y'.repeat(70000), 'ü'.repeat(400000)]) {
    await client.send(frame('text', text));
    const expected = unmasked('text', `string ${text}`);
    expect((await client.read(expected.length)).equals(expected)).toBe(true);
  }
  await client.end();
});

test('each connection has a sendText of its own, whenever it is called', async () => {
  const senders = new Map();
  const server = await start((data, sendText) => {
    const [name] = data;
    senders.set(name, (senders.get(name) ?? new Set()).add(sendText));
  });
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(server)));
  const names = clients.map((_, i) => String.fromCharCode(0x100 + i));
  await Promise.all(clients.map((client, i) => client.send(frame('text', `${names[i]}1`))));
  await Promise.all(clients.map((client, i) => client.send(frame('text', `${names[i]}2`))));
  while (senders.size < 100) await new Promise(setImmediate);
  for (const name of names) for (const sendText of senders.get(name)) sendText(`for ${name}`);
  for (const [i, client] of clients.entries()) {
    const expected = unmasked('text', `for ${names[i]}`);
    expect((await client.read(expected.length)).equals(expected)).toBe(true);
  }
  expect(new Set([...senders.values()].flatMap((set) => [...set])).size).toBe(100);
  await Promise.all(clients.map((client) => client.end()));
});

test('fragments become one text, with pings answered between them', async () => {
  const got = [];
  const server = await start((data, sendText) => {
    got.push(data);
    sendText(data.toUpperCase());
  });
  const client = await connect(server);
  const euro = Buffer.from('€');
  await client.send(
    frame('text', 'one', { fin: false }),
    frame('ping', 'there?'),
    frame('continuation', euro.subarray(0, 1), { fin: false }),
    frame('continuation', Buffer.concat([euro.subarray(1), Buffer.from('two')])),
    closeFrame(1000, 'bye')
  );
  await client.closed;
  const { frames } = parseFrames(client.received);
  expect(got).toEqual(['one€two']);
  expect(frames.map(({ opcode, payload }) => [opcode, String(payload.subarray(0))])).toEqual([
    [10, 'there?'],
    [1, 'ONE€TWO'],
    [8, '\x03\ufffdbye']
  ]);
});

test('a message beyond the limit is 1009, and the others go on', async () => {
  const server = await start((data, sendText) => sendText(String(data.length)), {
    maxPayload: 1000
  });
  const [greedy, other] = await Promise.all([connect(server), connect(server)]);
  await greedy.send(frame('text', 'x'.repeat(1001)));
  await greedy.closed;
  expect(greedy.received).toEqual(closeFrame(1009, '', { masked: false }));
  await other.send(frame('text', 'x'.repeat(1000)));
  expect(await other.read(6)).toEqual(unmasked('text', '1000'));
  await other.end();
});

test('what is no text is 1003', async () => {
  const got = [];
  const server = await start((data) => got.push(data));
  const client = await connect(server);
  await client.send(frame('binary', 'x'), frame('binary', 'y'), frame('text', 'z'));
  const expected = closeFrame(1003, 'Only text is accepted', { masked: false });
  expect(await client.read(expected.length)).toEqual(expected);
  await client.send(closeFrame(1003));
  await client.closed;
  // As on any WebSocket, what was sent before the peer had the close frame still comes.
  expect(got).toEqual(['z']);
});

test('sendText() of a connection that is closed returns false', async () => {
  let sendText;
  const server = await start((data, send) => (sendText = send));
  const client = await connect(server);
  await client.send(frame('text', 'hello'));
  while (sendText === undefined) await new Promise(setImmediate);
  expect(sendText('a')).toBe(true);
  const [, , peer] = await Promise.all([client.end(), once(server, 'close')]).then(
    ([, args]) => args
  );
  expect(peer.readyState).toBe(WebSocket.CLOSED);
  expect(sendText('b')).toBe(false);
});

test('sendText() of anything but a string is a TypeError', async () => {
  const errors = [];
  const server = await start((data, sendText) => {
    for (const value of [5, undefined, null, Buffer.from('x'), {}, Symbol('x')]) {
      try {
        sendText(value);
      } catch (error) {
        errors.push(`${error.name}: ${error.message}`);
      }
    }
    sendText('done');
  });
  const client = await connect(server);
  await client.send(frame('text', 'go'));
  expect(await client.read(6)).toEqual(unmasked('text', 'done'));
  expect(errors).toEqual(
    ['number', 'undefined', 'object', 'object', 'object', 'symbol'].map(
      (type) => `TypeError: The text to send must be a string; got ${type}`
    )
  );
  await client.end();
});

test.each([undefined, null, 'x', 5, {}])(
  'a callback that is none (%p) is a TypeError',
  (callback) => {
    expect(() => myWebsocket({ port: 0, callback })).toThrow(
      new TypeError(`The option "callback" must be a function; got ${typeof callback}`)
    );
  }
);

test('without options, it says what is missing', () => {
  expect(() => myWebsocket()).toThrow(/^The option "callback" must be a function/);
});

test('it takes the other options of MyWebsocket', async () => {
  const web = http.createServer((req, res) => res.end('a page'));
  const server = myWebsocket({ server: web, path: '/ws', callback: (data, send) => send(data) });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${web.address().port}/ws`);
  await once(client, 'open');
  client.send('hello');
  expect(String((await once(client, 'message'))[0])).toBe('hello');
  client.close();
  await once(client, 'close');
  server.close();
  await new Promise((resolve) => web.close(resolve));
});
