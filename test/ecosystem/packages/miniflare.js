'use strict';

// A Worker that echoes, reached through Miniflare's proxy of upgrades and through dispatchFetch().

const assert = require('assert');
const { once } = require('events');

const { Miniflare } = require('miniflare');
const { WebSocket } = require('ws');

async function main() {
  const miniflare = new Miniflare({
    modules: true,
    script: `export default {
      fetch(request) {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener('message', ({ data }) => server.send('echo ' + data));
        return new Response(null, { status: 101, webSocket: client });
      }
    };`
  });
  const url = await miniflare.ready;
  const client = new WebSocket(url.href.replace('http', 'ws'));
  await once(client, 'open');
  client.send('one');
  assert.strictEqual(String((await once(client, 'message'))[0]), 'echo one');
  client.close();

  const { webSocket } = await miniflare.dispatchFetch('http://localhost', {
    headers: { Upgrade: 'websocket' }
  });
  const answered = new Promise((resolve) => {
    webSocket.addEventListener('message', ({ data }) => resolve(data));
  });
  webSocket.accept();
  webSocket.send('two');
  assert.strictEqual(await answered, 'echo two');
  webSocket.close();
  await miniflare.dispose();
}
main().then(() => console.log('done'));
