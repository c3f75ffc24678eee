'use strict';

// Two evaluations of lib/ in one process: each gets its own connections' events.

const { frame } = require('../../helpers/frames');
const { RawClient } = require('../../helpers/raw-client');

function load() {
  for (const file of Object.keys(require.cache)) {
    if (file.includes(`${require('path').sep}lib${require('path').sep}`))
      delete require.cache[file];
  }
  return require('../../..');
}

async function main() {
  const first = load();
  const second = load();
  const results = [first === second];
  const servers = [];
  for (const { WebSocketServer, WebSocket } of [first, second]) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.on('listening', resolve));
    server.on('connection', (ws) => {
      results.push(ws instanceof WebSocket);
      ws.on('message', (data) => ws.send(data));
    });
    servers.push(server);
  }
  // What only a client needs is loaded now, of each evaluation its own.
  for (const [index, { WebSocket }] of [first, second].entries()) {
    const client = new WebSocket(`ws://127.0.0.1:${servers[index].address().port}`);
    client.on('open', () => client.send('y'));
    results.push(String(await new Promise((resolve) => client.on('message', resolve))));
    client.close();
    await new Promise((resolve) => client.on('close', resolve));
  }
  for (const server of servers) {
    const client = new RawClient(server.address().port);
    await client.upgrade();
    await client.send(frame('text', 'x'));
    results.push((await client.read(3)).length);
    await client.end();
    await new Promise((resolve) => server.close(resolve));
  }
  console.log(JSON.stringify(results));
}

main();
