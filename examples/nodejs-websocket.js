'use strict';

// An echo server for those who come from nodejs-websocket: `node examples/nodejs-websocket.js`. PORT
// changes the port.

const ws = require('wsuv/nodejs-websocket');

const server = ws.createServer((connection) => {
  connection.on('text', (text) => connection.sendText(text));
  connection.on('binary', (stream) => stream.pipe(connection.beginBinary()));
  connection.on('error', console.error);
});

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening at ws://localhost:${server.socket.address().port}`);
});
