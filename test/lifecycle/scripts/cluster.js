'use strict';

// Two workers serve one port; every connection reaches one of them, and both get some.

const cluster = require('cluster');
const { once } = require('events');

const { WebSocket, WebSocketServer } = require('../../..');

async function primary() {
  const workers = [cluster.fork(), cluster.fork()];
  const ports = await Promise.all(
    workers.map(async (worker) => {
      const [message] = await once(worker, 'message');
      return message.port;
    })
  );
  if (ports[0] !== ports[1]) throw new Error(`two ports: ${ports}`);

  const answers = new Map();
  for (let i = 0; i < 20; i++) {
    const client = new WebSocket(`ws://127.0.0.1:${ports[0]}`);
    const closed = once(client, 'close');
    await once(client, 'open');
    client.send('who');
    const [data] = await once(client, 'message');
    answers.set(data.toString(), (answers.get(data.toString()) ?? 0) + 1);
    client.close();
    await closed;
  }
  if (answers.size !== 2) throw new Error(`answered by ${answers.size}`);

  for (const worker of workers) worker.send('close');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  if (workers.some((worker) => worker.process.exitCode !== 0)) throw new Error('a worker failed');
  console.log('done');
}

function worker() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () =>
    process.send({ port: server.address().port })
  );
  server.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(`${data} ${process.pid}`.slice(4)));
  });
  process.on('message', () => server.close(() => process.disconnect()));
}

if (cluster.isPrimary) primary();
else worker();
