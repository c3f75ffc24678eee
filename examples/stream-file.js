'use strict';

// Sends a file to whoever connects, as fast as the client reads and no faster:
// `node examples/stream-file.js FILE`.

const fs = require('fs');
const { pipeline } = require('stream');

const { WebSocketServer, createWebSocketStream } = require('wsuv');

const file = process.argv[2] ?? __filename;
const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) }, () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});

server.on('connection', (ws) => {
  pipeline(fs.createReadStream(file), createWebSocketStream(ws), (error) => {
    console.log(error ? `not sent: ${error.message}` : `sent ${file}`);
  });
});
