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
  for (const options of [[], [undefined], [null], [5], ['x'], [() => {}]]) {
    expect(() => myWebsocket(...options)).toThrow(
      new TypeError('The option "callback" must be a function; got undefined')
    );
  }
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

test('ports that are none are refused at once, one that is taken is an error event', async () => {
  for (const port of [-1, 65536, 1.5, NaN]) {
    expect(() => myWebsocket({ port, callback() {} })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' })
    );
  }
  const first = await start(() => {});
  const { port } = first.address();
  const second = myWebsocket({ port, host: '127.0.0.1', callback() {} });
  const [error, peer] = await new Promise((resolve) => {
    second.on('error', (...args) => resolve(args));
  });
  expect([error.code, peer, second.address()]).toEqual(['EADDRINUSE', undefined, null]);
  await new Promise((resolve) => second.close(1000, '', resolve));
});

test('invalid UTF-8 and frames that are none end their own connection only', async () => {
  const server = await start((data, sendText) => sendText(data));
  const other = await connect(server);
  const errors = [];
  const wrong = [
    [frame('text', Buffer.from([0xff])), 1007],
    [Buffer.concat([frame('text', 'a', { fin: false }), frame('text', 'b')]), 1002],
    [frame('continuation', 'a'), 1002],
    [frame('text', 'a', { masked: false }), 1002],
    [closeFrame(1005), 1002]
  ];
  for (const [bytes, code] of wrong) {
    for (const isHeard of [false, true]) {
      if (isHeard) server.once('error', (error, peer) => errors.push(peer.readyState));
      const client = await connect(server);
      await client.send(bytes, frame('text', 'behind'));
      await client.closed;
      expect(client.received).toEqual(closeFrame(code, '', { masked: false }));
    }
  }
  expect(errors).toEqual(Array(wrong.length).fill(2));
  while (server.peers.size > 1) await new Promise(setImmediate);
  await other.send(frame('text', 'still here'));
  expect(await other.read(12)).toEqual(unmasked('text', 'still here'));
  await other.end();
});

test('the callback may close the server, while the peer closes its end', async () => {
  const results = [];
  const server = await start((data, sendText) => {
    results.push(data, sendText('before'));
    server.close(4000, 'enough');
    results.push(sendText('behind'));
  });
  const ends = [];
  server.on('close', (code, reason) => ends.push([code, reason]));
  const [client, other] = await Promise.all([connect(server), connect(server)]);
  await client.send(frame('text', 'go'), closeFrame(4001, 'me, too'));
  await client.closed;
  expect(client.received).toEqual(
    Buffer.concat([unmasked('text', 'before'), closeFrame(4000, 'enough', { masked: false })])
  );
  // It has heard of it, but says nothing.
  const expected = closeFrame(4000, 'enough', { masked: false });
  expect(await other.read(expected.length)).toEqual(expected);
  await other.end();
  while (server.peers.size > 0) await new Promise(setImmediate);
  expect(results).toEqual(['go', true, false]);
  expect(ends).toEqual([
    [4001, 'me, too'],
    [1006, '']
  ]);
  open.splice(0);
});

test('an async callback may answer later, also behind the end', async () => {
  const results = [];
  let goOn;
  const server = await start(async (data, sendText) => {
    await new Promise((resolve) => (goOn = resolve));
    results.push(sendText(data));
  });
  const client = await connect(server);
  await client.send(frame('text', 'first'));
  while (goOn === undefined) await new Promise(setImmediate);
  goOn();
  expect(await client.read(7)).toEqual(unmasked('text', 'first'));
  goOn = undefined;
  await client.send(frame('text', 'second'), closeFrame(1000));
  await client.closed;
  while (server.peers.size > 0) await new Promise(setImmediate);
  goOn();
  while (results.length < 2) await new Promise(setImmediate);
  expect(results).toEqual([true, false]);
});
