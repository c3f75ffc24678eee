'use strict';

// Calls, errors and events of JSON-RPC 2.0.

const assert = require('assert');
const { once } = require('events');

const { Client, Server } = require('rpc-websockets');

async function main() {
  const server = new Server({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.register('sum', ([a, b]) => a + b);
  server.event('news');
  const client = new Client(`ws://127.0.0.1:${server.wss.address().port}`);
  await once(client, 'open');
  assert.strictEqual(await client.call('sum', [2, 3]), 5);
  await assert.rejects(client.call('none'), { message: 'Method not found' });
  await client.subscribe('news');
  const news = once(client, 'news');
  server.emit('news', 'something');
  assert.deepStrictEqual(await news, ['something']);
  client.close();
  await server.close();
}
main().then(() => {
  console.log('done');
  process.exit();
});
