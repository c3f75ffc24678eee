'use strict';

// The server of Node's that listens where the addon does not: the same limits, the same answers.

const { once } = require('events');

const { createPlainServer } = require('../lib/handshake/plain-server');
const { RawClient } = require('./helpers/raw-client');

const open = [];

async function listen(options) {
  const server = createPlainServer(options);
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function answerTo(port, bytes) {
  const client = new RawClient(port);
  await client.send(bytes);
  await client.closed;
  return client.received.toString();
}

const get = (fields = '', method = 'GET') => `${method} / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

test('plain requests are told what is spoken here', async () => {
  const port = await listen({});
  const response = await answerTo(port, get());
  expect(response).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\nConnection: close\r\n/);
  expect(response).toMatch(/\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13, 8\r\n/);
  expect(response.endsWith('\r\n\r\nUpgrade Required')).toBe(true);
  expect(await answerTo(port, get('', 'HEAD'))).toMatch(/\r\nContent-Length: 16\r\n[^]*\r\n\r\n$/);
});

test('handshakeTimeout is how long a request may take', async () => {
  const port = await listen({ handshakeTimeout: 60 });
  expect(await answerTo(port, 'GET / HTTP/1.1\r\n')).toMatch(/^HTTP\/1\.1 408 /);
});

test('a handshakeTimeout of 0 is no limit', async () => {
  const server = createPlainServer({ handshakeTimeout: 0 });
  expect([server.headersTimeout, server.requestTimeout]).toEqual([0, 0]);
});

test('without one there are the limits that Node.js has', async () => {
  const server = createPlainServer({ maxHeaderSize: null });
  expect([server.headersTimeout, server.requestTimeout]).toEqual([60_000, 300_000]);
});

test('maxHeaderSize is how large a head may be', async () => {
  const port = await listen({ maxHeaderSize: 1000 });
  expect(await answerTo(port, get(`X: ${'x'.repeat(1000)}\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
  const large = await listen({ maxHeaderSize: 100_000 });
  expect(await answerTo(large, get(`X: ${'x'.repeat(50_000)}\r\n`))).toMatch(/^HTTP\/1\.1 426 /);
});

test('maxHeadersCount is how many headers a request may have', () => {
  expect(createPlainServer({ maxHeadersCount: 10 }).maxHeadersCount).toBe(10);
  expect(createPlainServer({}).maxHeadersCount).toBe(null);
});
