'use strict';

// Sends bytes through an echo server, as fast as they come back:
//
//   node stream.js PORT MEBIBYTES HOW COMPRESSED
//
// HOW is "message" (all of them are one message, by streams both ways) or "messages" (of 64 KiB each,
// as createWebSocketStream() of ws makes them). Prints how many came back.

const { once } = require('events');
const { Readable } = require('stream');
const { pipeline } = require('stream/promises');

const { WebSocket, createWebSocketStream } = require('../..');

const [, , port, mebibytes, how, compressed] = process.argv;
const size = Number(mebibytes) * 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, 'a text that can be compressed, ');
const ws = new WebSocket(`ws://127.0.0.1:${port}`, {
  maxPayload: 1024 * 1024,
  perMessageDeflate: compressed === 'true',
  streamThreshold: how === 'message' ? chunk.length : 0
});

function* source() {
  for (let sent = 0; sent < size; sent += chunk.length) yield chunk;
}

async function count(stream) {
  let got = 0;
  for await (const data of stream) {
    got += data.length;
    if (got === size) break;
  }
  return got;
}

async function main() {
  await once(ws, 'open');
  let got;
  if (how === 'message') {
    const sent = ws.sendStream(source());
    const [stream] = await once(ws, 'stream');
    got = await count(stream);
    await sent;
  } else {
    const duplex = createWebSocketStream(ws);
    const sent = pipeline(Readable.from(source()), duplex, { end: false });
    got = await count(duplex);
    await sent;
  }
  console.log(got);
  ws.terminate();
}

main();
