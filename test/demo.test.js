'use strict';

// The demo on a port that somebody else has. (test/browser/ opens its page.)

const { spawnSync } = require('child_process');
const { once } = require('events');
const net = require('net');
const path = require('path');

test('on a busy port, the demo says so in one line', async () => {
  const busy = net.createServer().listen(0);
  await once(busy, 'listening');
  const { port } = busy.address();
  const demo = path.join(__dirname, '..', 'examples', 'demo', 'server.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo], {
    encoding: 'utf8',
    env: { ...process.env, PORT: String(port) }
  });
  busy.close();
  expect([status, stdout, stderr]).toEqual([
    1,
    '',
    `Port ${port} is in use. Choose another one: PORT=${port + 1} npm start\n`
  ]);
});
