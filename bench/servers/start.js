'use strict';

// How long a package takes to load, and what a server with no connections weighs: `node start.js
// PACKAGE` prints one line of JSON.

const [, , wanted] = process.argv;
const before = process.hrtime.bigint();
const { WebSocketServer } = require(wanted);
const milliseconds = Number(process.hrtime.bigint() - before) / 1e6;
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  global.gc();
  setTimeout(() => {
    global.gc();
    console.log(JSON.stringify({ milliseconds, bytes: process.memoryUsage().rss }));
    server.close();
  }, 300);
});
