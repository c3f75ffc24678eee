'use strict';

// A mocked WebSocket, and one that is passed through to a real server.

const assert = require('assert');
const { once } = require('events');

const mockttp = require('mockttp');
const { WebSocket, WebSocketServer } = require('ws');

async function main() {
  const upstream = new WebSocketServer({ port: 0 });
  upstream.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const { port } = upstream.address();
  const server = mockttp.getLocal();
  await server.start();
  const at = (path) => server.forAnyWebSocket().matching((req) => req.path === path);
  await at('/echo').thenEcho();
  await at('/through').thenForwardTo(`ws://127.0.0.1:${port}`);
  await at('/no').thenRejectConnection(403);
  const url = server.url.replace('http', 'ws');

  for (const path of ['/echo', '/through']) {
    const client = new WebSocket(url + path);
    await once(client, 'open');
    client.send('text '.repeat(1000));
    assert.strictEqual(String((await once(client, 'message'))[0]), 'text '.repeat(1000));
    client.send(Buffer.from([1, 2, 3]));
    const [data, isBinary] = await once(client, 'message');
    assert.deepStrictEqual([[...data], isBinary], [[1, 2, 3], true]);
    client.close(1000, 'done');
    const [code] = await once(client, 'close');
    assert.strictEqual(code, 1000);
  }
  const refused = new WebSocket(`${url}/no`);
  assert.strictEqual((await once(refused, 'error'))[0].message, 'Unexpected server response: 403');
  await server.stop();
  upstream.close();
}
main().then(() => console.log('done'));
