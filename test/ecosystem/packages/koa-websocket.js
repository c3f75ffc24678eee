'use strict';

// Middleware for connections, with a path of the request.

const assert = require('assert');
const { once } = require('events');

const Koa = require('koa');
const websockify = require('koa-websocket');
const { WebSocket } = require('ws');

async function main() {
  const app = websockify(new Koa());
  app.ws.use((context) => {
    context.websocket.on('message', (data) => context.websocket.send(`${context.path} ${data}`));
    context.websocket.send('ready');
  });
  const server = app.listen(0);
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/here`);
  await once(client, 'message');
  client.send('hello');
  assert.strictEqual(String((await once(client, 'message'))[0]), '/here hello');
  client.close();
  await once(client, 'close');
  server.close();
}
main().then(() => console.log('done'));
