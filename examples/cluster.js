'use strict';

// One process for each core, all at the same port: `node examples/cluster.js`.

const cluster = require('cluster');
const { availableParallelism } = require('os');

const { WebSocketServer } = require('wsuv');

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
  cluster.on('exit', (worker) => {
    console.log(`worker ${worker.process.pid} is gone`);
    if (!worker.exitedAfterDisconnect) cluster.fork();
  });
} else {
  const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) }, () => {
    console.log(`listening at ws://localhost:${server.address().port}`);
  });
  server.on('connection', (ws) => {
    ws.on('error', console.error);
    ws.on('message', (data) => ws.send(`${process.pid} heard ${data}`));
  });
}
