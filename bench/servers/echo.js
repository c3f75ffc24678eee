'use strict';

// An echo server for the load generator: `node echo.js PACKAGE [text]`. Reports its port, and its
// CPU time whenever it is asked.

const [, , name, kind] = process.argv;
const { WebSocketServer } = require(name === 'wsuv' ? '../..' : name);

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  process.send({ port: server.address().port });
});

server.on('connection', (ws) => {
  if (kind === 'text') {
    ws.onmessage = ({ data }) => ws.send(data);
  } else {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  }
});

process.on('message', () => {
  process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit());
