'use strict';

// Sends a file in messages of 64 KiB, and reads no more of it than the client takes: whatever the
// size, only HIGH_WATER_MARK bytes are in memory. `node examples/send-file.js FILE`.
// (examples/stream-file.js leaves that to createWebSocketStream().)

const fs = require('fs');
const { once } = require('events');

const { WebSocket, WebSocketServer } = require('wsuv');

const HIGH_WATER_MARK = 1024 * 1024;
const file = process.argv[2] ?? __filename;

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) }, () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});

// Resolves when the operating system has taken what was sent; rejects when the connection is lost.
function send(ws, chunk) {
  return new Promise((resolve, reject) => {
    ws.send(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

async function sendFile(ws) {
  let sent = 0;
  for await (const chunk of fs.createReadStream(file)) {
    const taken = send(ws, chunk);
    sent += chunk.length;
    if (ws.bufferedAmount > HIGH_WATER_MARK) {
      console.log(`waiting for the client, behind ${sent} bytes`);
      await taken;
    } else {
      taken.catch(() => {}); // The next one waits, and fails, too.
    }
    if (ws.readyState !== WebSocket.OPEN) return;
  }
  ws.close(1000);
  await once(ws, 'close');
  console.log(`sent ${sent} bytes`);
}

server.on('connection', (ws) => {
  ws.on('error', console.error);
  sendFile(ws).catch((error) => console.log(`not sent: ${error.message}`));
});
