'use strict';

// Answers each message with its SHA-256, however long it is, in memory that stays level: no more of a
// message is there than is being hashed. Start it with `node examples/hash.js`.

const crypto = require('crypto');

const { WebSocketServer } = require('wsuv');

const server = new WebSocketServer({
  port: Number(process.env.PORT ?? 8080),
  // Longer messages, and those in several frames, come as 'stream'.
  streamThreshold: 64 * 1024,
  maxStreamLength: 10 * 1024 ** 3
});

server.on('listening', () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});

server.on('connection', (ws) => {
  ws.on('error', (error) => console.log(error.message));
  ws.on('message', (data) => {
    ws.send(crypto.createHash('sha256').update(data).digest('hex'));
  });
  ws.on('stream', async (stream) => {
    const hash = crypto.createHash('sha256');
    try {
      for await (const chunk of stream) hash.update(chunk);
      ws.send(hash.digest('hex'));
    } catch (error) {
      console.log(`not whole: ${error.code}`);
    }
  });
});
