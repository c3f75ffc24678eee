'use strict';

// Two editors of one document see each other's changes.

const assert = require('assert');

const { HocuspocusProvider, HocuspocusProviderWebsocket } = require('@hocuspocus/provider');
const { Server } = require('@hocuspocus/server');
const { WebSocket } = require('ws');
const Y = require('yjs');

async function main() {
  const server = new Server({ port: 0, quiet: true, stopOnSignals: false });
  await server.listen(0);
  const open = () => {
    const socket = new HocuspocusProviderWebsocket({
      url: `ws://127.0.0.1:${server.address.port}`,
      WebSocketPolyfill: WebSocket
    });
    const document = new Y.Doc();
    const provider = new HocuspocusProvider({ websocketProvider: socket, name: 'doc', document });
    provider.attach();
    const synced = new Promise((resolve) => provider.on('synced', resolve));
    return { document, provider, socket, synced };
  };
  const [one, two] = [open(), open()];
  await Promise.all([one.synced, two.synced]);
  const changed = new Promise((resolve) => two.document.on('update', resolve));
  one.document.getText('text').insert(0, 'written by one');
  await changed;
  assert.strictEqual(two.document.getText('text').toString(), 'written by one');
  for (const { provider, socket } of [one, two]) {
    provider.destroy();
    socket.destroy();
  }
  await server.destroy();
}
main().then(() => {
  console.log('done');
  process.exit();
});
