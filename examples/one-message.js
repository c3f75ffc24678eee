'use strict';

// Sends a file as one message, in frames of 32 KiB, as fast as the client reads:
// `node examples/one-message.js FILE`. Pings pass between the frames.

const fs = require('fs');

const { WebSocketServer } = require('wsuv');

const file = process.argv[2] ?? __filename;
const server = new WebSocketServer(
  { port: Number(process.env.PORT ?? 8080), maxFrameSize: 32 * 1024 },
  () => console.log(`listening at ws://localhost:${server.address().port}`)
);

server.on('connection', async (ws) => {
  ws.on('error', console.error);
  try {
    await ws.sendStream(fs.createReadStream(file), { binary: true });
    console.log(`sent ${file}`);
  } catch (error) {
    // Whatever was wrong: a message that was begun and cannot be finished closes the connection.
    console.log(`not sent: ${error.message}`);
  }
  ws.close();
});
