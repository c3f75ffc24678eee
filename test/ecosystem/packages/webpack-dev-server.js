'use strict';

// Hot reload: a client is told of a change, first "invalid" and then a new hash.

const assert = require('assert');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');

const webpack = require('webpack');
const Server = require('webpack-dev-server');
const { WebSocket } = require('ws');

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-webpack-'));
  const entry = path.join(folder, 'index.js');
  fs.writeFileSync(entry, 'console.log(1);');
  const compiler = webpack({
    mode: 'development',
    context: folder,
    entry,
    output: { path: path.join(folder, 'dist') },
    infrastructureLogging: { level: 'none' },
    stats: 'none'
  });
  const server = new Server({ port: 0, host: '127.0.0.1', hot: true, static: false }, compiler);
  await server.start();
  const { port } = server.server.address();
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { origin: `http://127.0.0.1:${port}` }
  });
  const hashes = [];
  const types = [];
  let onHash = () => {};
  client.on('message', (data) => {
    const { type, data: value } = JSON.parse(data);
    types.push(type);
    if (type !== 'hash') return;
    hashes.push(value);
    onHash();
  });
  const nextHash = () => new Promise((resolve) => (onHash = resolve));
  const first = nextHash();
  await once(client, 'open');
  await first;
  // The watcher needs a moment, and a different time of modification.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const second = nextHash();
  fs.writeFileSync(entry, 'console.log(2);');
  await second;
  assert.ok(types.includes('hot') && types.includes('invalid'), types.join());
  assert.notStrictEqual(hashes.at(-1), hashes[0]);
  client.terminate();
  await server.stop();
  fs.rmSync(folder, { recursive: true });
}
main().then(() => {
  console.log('done');
  process.exit();
});
