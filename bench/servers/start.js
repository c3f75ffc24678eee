'use strict';

// What it costs to load a package, and what a server with no connections weighs: `node start.js PACKAGE`
// prints one line of JSON. Without options for V8: with any, Node does not use the compiled code that
// comes with it for its own modules, of which ws loads more.

const v8 = require('v8');
const vm = require('vm');

const [, , wanted] = process.argv;
const before = process.cpuUsage();
const { WebSocketServer } = require(wanted);
const { user, system } = process.cpuUsage(before);

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  gc();
  setTimeout(() => {
    gc();
    const { rss } = process.memoryUsage();
    console.log(JSON.stringify({ milliseconds: (user + system) / 1000, bytes: rss }));
    server.close();
  }, 300);
});
