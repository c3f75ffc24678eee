'use strict';

const { once } = require('events');

const { WebSocket, WebSocketServer, createWebSocketStream } = require('../..');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { framesOf } = require('../helpers/peer-frames');
const { connectBy, transports } = require('../helpers/transports');

expectNothingLeftOpen();

const running = [];

async function open(transport, options) {
  const made = await connectBy(transport, { waitForListener: true, ...options });
  running.push(made);
  made.ws.on('error', () => {});
  return made;
}

afterEach(() => Promise.all(running.splice(0).map(({ stop }) => stop())));

const turns = async (count) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

const LISTEN = {
  'on()': (ws, listener) => ws.on('message', listener),
  'addListener()': (ws, listener) => ws.addListener('message', listener),
  'once()': (ws, listener) => ws.once('message', listener),
  'prependListener()': (ws, listener) => ws.prependListener('message', listener),
  'prependOnceListener()': (ws, listener) => ws.prependOnceListener('message', listener),
  'addEventListener()': (ws, listener) =>
    ws.addEventListener('message', ({ data }) => listener(data)),
  onmessage: (ws, listener) => (ws.onmessage = ({ data }) => listener(data)),
  'events.once()': (ws, listener) => once(ws, 'message').then(([data]) => listener(data)),
  iterating: (ws, listener) =>
    ws[Symbol.asyncIterator]()
      .next()
      .then(({ value }) => listener(value)),
  'createWebSocketStream()': (ws, listener) => createWebSocketStream(ws).once('data', listener),
  'a listener behind removeAllListeners()': (ws, listener) => {
    ws.removeAllListeners();
    ws.on('message', listener);
  }
};

describe.each(transports)('by %s', (transport) => {
  test('nothing is read before somebody listens, and nothing is lost', async () => {
    const { frame, peer, ws } = await open(transport);
    await peer.send(frame('ping', 'early'), frame('text', 'first'), frame('text', 'second'));
    let isPinged = false;
    ws.on('ping', () => (isPinged = true));
    await turns(50);
    expect(isPinged).toBe(false);
    const got = [];
    await new Promise((resolve) =>
      ws.on('message', (data) => got.push(String(data)) === 2 && resolve())
    );
    expect(got).toEqual(['first', 'second']);
    expect(isPinged).toBe(true);
    await peer.until((bytes) => framesOf(bytes).some(({ opcode }) => opcode === 10));
    expect(Object.getOwnPropertyNames(ws)).not.toContain('on');
  });

  test('the user can pause it before, and go on', async () => {
    const { frame, peer, ws } = await open(transport);
    await peer.send(frame('text', 'first'));
    ws.pause();
    let got;
    ws.on('message', (data) => (got = String(data)));
    await turns(50);
    expect(got).toBe(undefined);
    const message = once(ws, 'message');
    ws.resume();
    await message;
    expect(got).toBe('first');
  });

  test('resume() alone does not begin', async () => {
    const { frame, peer, ws } = await open(transport);
    await peer.send(frame('text', 'first'));
    ws.pause();
    ws.resume();
    await turns(50);
    expect(ws.isPaused).toBe(false);
    expect(String((await once(ws, 'message'))[0])).toBe('first');
  });

  test('it hears that its peer has gone', async () => {
    const { peer, ws } = await open(transport);
    const closed = once(ws, 'close');
    // A Duplex that is no socket tells of an end when it is read, and of its own.
    if (transport === 'duplex') ws._socket.destroy();
    else peer.socket.destroy();
    expect((await closed)[0]).toBe(1006);
  });
});

test.each(Object.keys(LISTEN))('%s is listening', async (how) => {
  const { frame, peer, ws } = await open('port');
  await peer.send(frame('text', 'first'));
  await turns(5);
  const data = await new Promise((resolve) => LISTEN[how](ws, resolve));
  expect(String(data)).toBe('first');
});

test('what follows the handshake in the same packet waits, too', async () => {
  const { RawClient } = require('../helpers/raw-client');
  const { frame } = require('../helpers/frames');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', waitForListener: true });
  await once(server, 'listening');
  const peer = new RawClient(server.address().port);
  const connected = once(server, 'connection');
  await peer.upgrade({}, {}, frame('text', 'at once'));
  const [ws] = await connected;
  await turns(50);
  expect(String((await once(ws, 'message'))[0])).toBe('at once');
  ws.terminate();
  await new Promise((resolve) => server.close(resolve));
});

test('a method of a subclass is called', async () => {
  const seen = [];
  class Subclass extends WebSocket {
    on(...args) {
      seen.push(args[0]);
      return super.on(...args);
    }
  }
  const { frame, peer, ws } = await open('port', { WebSocket: Subclass });
  await peer.send(frame('text', 'first'));
  seen.length = 0;
  await new Promise((resolve) => ws.once('message', resolve));
  expect(seen).toEqual(['message']);
});

test('without the option it is as under ws', async () => {
  const { frame, peer, ws } = await open('port', { waitForListener: false });
  const pinged = once(ws, 'ping');
  await peer.send(frame('text', 'lost'), frame('ping', 'p'));
  await pinged;
});
