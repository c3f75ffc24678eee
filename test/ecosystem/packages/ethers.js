'use strict';

// The WebSocket provider against a node that answers what the test says.

const assert = require('assert');

const { WebSocketProvider } = require('ethers');
const { WebSocketServer } = require('ws');

async function main() {
  const server = new WebSocketServer({ port: 0 });
  server.on('connection', (socket) => {
    socket.on('message', (text) => {
      const { id, method } = JSON.parse(text);
      const result = { eth_chainId: '0x1', eth_blockNumber: '0x10' }[method] ?? null;
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  });
  const provider = new WebSocketProvider(`ws://127.0.0.1:${server.address().port}`);
  assert.strictEqual(await provider.getBlockNumber(), 16);
  assert.strictEqual((await provider.getNetwork()).chainId, 1n);
  await provider.destroy();
  await new Promise((resolve) => server.close(resolve));
}
main().then(() => console.log('done'));
