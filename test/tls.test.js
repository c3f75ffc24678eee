'use strict';

// Over TLS: an https server with connections from ws and from our own client.

const { once } = require('events');
const fs = require('fs');
const https = require('https');
const path = require('path');

const WS = require('ws');

const { WebSocket, WebSocketServer } = require('..');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');

expectNothingLeftOpen();

const read = (name) => fs.readFileSync(path.join(__dirname, 'helpers', name));
const cert = read('tls-cert.pem');
let web;
let server;

beforeAll(async () => {
  web = https.createServer({ cert, key: read('tls-key.pem') });
  server = new WebSocketServer({ server: web });
  server.on('connection', (ws, req) => {
    ws.encrypted = req.socket.encrypted;
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await new Promise((resolve) => web.close(resolve));
});

describe.each([
  ['ws', WS],
  ['wsuv', WebSocket]
])('%s as the client', (name, Client) => {
  const connect = () =>
    new Client(`wss://localhost:${web.address().port}`, {
      ca: cert,
      lookup: (host, options, callback) =>
        options.all
          ? callback(null, [{ address: '127.0.0.1', family: 4 }])
          : callback(null, '127.0.0.1', 4)
    });

  test.each([0, 1, 125, 126, 65536, 3000000])('messages of %d bytes come back', async (size) => {
    const client = connect();
    await once(client, 'open');
    const bytes = Buffer.alloc(size, 'tls');
    client.send(bytes);
    const [data, isBinary] = await once(client, 'message');
    expect(isBinary && data.equals(bytes)).toBe(true);
    client.send(bytes.toString());
    expect((await once(client, 'message'))[0].equals(bytes)).toBe(true);
    client.close(3000, 'done');
    const [code, reason] = await once(client, 'close');
    expect([code, reason.toString()]).toEqual([3000, 'done']);
  });

  test('many messages keep their order, and callbacks are called', async () => {
    const client = connect();
    await once(client, 'open');
    const got = [];
    const all = new Promise((resolve) => {
      client.on('message', (data) => got.push(Number(data)) === 1000 && resolve());
    });
    let calls = 0;
    for (let i = 0; i < 1000; i++) client.send(String(i), () => calls++);
    await all;
    expect(got).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(calls).toBe(1000);
    client.close();
    await once(client, 'close');
  });

  test('the server sees an encrypted socket, and its end', async () => {
    const connection = once(server, 'connection');
    const client = connect();
    const [ws, req] = await connection;
    expect(ws._socket).toBe(req.socket);
    expect(ws.encrypted).toBe(true);
    if (client.readyState !== client.OPEN) await once(client, 'open');
    client.terminate();
    const [code] = await once(ws, 'close');
    expect(code).toBe(1006);
  });
});

test('a certificate that is not trusted is an error', async () => {
  const client = new WebSocket(`wss://127.0.0.1:${web.address().port}`);
  const [error] = await once(client, 'error');
  expect(error.code).toMatch(/SELF_SIGNED|ALTNAME/);
});
