'use strict';

// A route that echoes, an injected socket (no network), and a clean close.

const assert = require('assert');
const { once } = require('events');

const { WebSocket } = require('ws');

async function main() {
  const app = require('fastify')();
  await app.register(require('@fastify/websocket'));
  app.get('/echo', { websocket: true }, (socket, req) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.send(`hello ${req.query.name}`);
  });
  await app.listen({ port: 0 });
  const client = new WebSocket(`ws://127.0.0.1:${app.server.address().port}/echo?name=you`);
  const greeted = once(client, 'message');
  await once(client, 'open');
  assert.strictEqual(String((await greeted)[0]), 'hello you');
  client.send(Buffer.from([1, 2]));
  const [data, isBinary] = await once(client, 'message');
  assert.deepStrictEqual([[...data], isBinary], [[1, 2], true]);

  let injected;
  const injectedGreeting = new Promise((resolve) => {
    injected = app.injectWS(
      '/echo?name=injected',
      {},
      {
        onInit: (socket) => socket.once('message', resolve)
      }
    );
  });
  const socket = await injected;
  assert.strictEqual(String(await injectedGreeting), 'hello injected');
  socket.send('through a Duplex');
  assert.strictEqual(String((await once(socket, 'message'))[0]), 'through a Duplex');
  socket.terminate();

  const closed = once(client, 'close');
  await app.close();
  assert.strictEqual((await closed)[0], 1005);
}
main().then(() => console.log('done'));
