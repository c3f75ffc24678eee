'use strict';

const { once } = require('events');

const { DeferringEndpoint } = require('../lib/link/deferring-endpoint');
const {
  kOnClosed,
  kOnMessage,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPing,
  kOnPong
} = require('../lib/symbols');
const { WebSocketServer } = require('..');
const { bye } = require('./parity/parity');
const { frame } = require('./helpers/frames');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');
const { RawClient } = require('./helpers/raw-client');

expectNothingLeftOpen();

const turn = () => new Promise((resolve) => setImmediate(resolve));

// An endpoint that writes down what it gets, and runs `react` for it.
function recorder(react = () => {}) {
  const log = [];
  const note =
    (name) =>
    (...args) => {
      log.push([name, ...args.filter((arg) => arg !== undefined)]);
      react(...args);
    };
  const endpoint = {};
  for (const name of [kOnMessage, kOnPing, kOnPong, kOnPeerClose, kOnPeerEnd, kOnClosed]) {
    endpoint[name] = note(name);
  }
  return { endpoint, log };
}

test('one message a turn, and what needs none behind it', async () => {
  const { endpoint, log } = recorder();
  const deferring = new DeferringEndpoint(endpoint, () => {});
  deferring[kOnMessage]('one', false);
  deferring[kOnPing]('two');
  deferring[kOnPeerEnd]();
  deferring[kOnClosed]();
  expect(log).toEqual([]);
  await turn();
  expect(log).toEqual([[kOnMessage, 'one', false]]);
  await turn();
  expect(log.slice(1)).toEqual([[kOnPing, 'two'], [kOnPeerEnd], [kOnClosed]]);
});

test('what a handler causes, when nothing else waits', async () => {
  const { endpoint, log } = recorder((what) => {
    // The first is delivered at once, behind the ping.
    if (what === 'ping') {
      deferring[kOnPong]('pong');
      deferring[kOnPeerEnd]();
    }
  });
  const deferring = new DeferringEndpoint(endpoint, () => {});
  deferring[kOnPing]('ping');
  for (let i = 0; i < 4; i++) await turn();
  expect(log).toEqual([[kOnPing, 'ping'], [kOnPong, 'pong'], [kOnPeerEnd]]);
});

test('reading stops soon, and goes on when all is delivered', async () => {
  const reading = [];
  const { endpoint, log } = recorder();
  const deferring = new DeferringEndpoint(endpoint, (isReading) =>
    reading.push([isReading, log.length])
  );
  for (let i = 0; i < 100; i++) deferring[kOnMessage](i, true);
  expect(reading).toEqual([[false, 0]]);
  while (log.length < 100) await turn();
  expect(reading).toEqual([
    [false, 0],
    [true, 100]
  ]);
  expect(log.map(([, what]) => what)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test('a flood of small messages comes in order, one a turn', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', allowSynchronousEvents: false });
  await once(server, 'listening');
  const count = 20_000;
  const got = [];
  let turns = 0;
  const done = new Promise((resolve) => {
    server.on('connection', (ws) => {
      const tick = () => {
        turns++;
        if (got.length < count) setImmediate(tick);
      };
      ws.once('message', tick);
      ws.on('message', (data) => got.push(Number(data)));
      ws.on('close', (code) => resolve(code));
    });
  });
  const client = new RawClient(server.address().port);
  await client.upgrade();
  const frames = Array.from({ length: count }, (_, i) => frame('text', String(i)));
  await client.send(...frames, bye);
  expect(await done).toBe(1000);
  expect(got).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(turns).toBeGreaterThanOrEqual(count - 1);
  await client.end();
  await new Promise((resolve) => server.close(resolve));
});
