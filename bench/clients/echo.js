'use strict';

// A client of an echo server, as the load or as what is measured:
//
//   node echo.js PACKAGE URL CONNECTIONS IN_FLIGHT SIZE WARM_UP_SECONDS SECONDS text|binary COMPRESS
//
// Prints what load_generator.cc prints: "start" and "end" around the measurement, and one line of
// JSON, in which `cpu` is its own CPU time (microseconds) between the two.

const [, , wanted, url, connections, inFlight, size, warmUp, seconds, kind, compress] =
  process.argv;
const { WebSocket } = require(wanted);
const { jsonLike } = require('./json_like');
const { measure } = require('./measure');

const letters = 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(Number(size) / 26));
const text = compress === 'true' ? jsonLike(Number(size)) : letters.slice(0, Number(size));
const message = kind === 'text' ? text : Buffer.from(text);

let count = 0;
let open = 0;
const options = { perMessageDeflate: compress === 'true', rejectUnauthorized: false };
for (let i = 0; i < Number(connections); i++) {
  const ws = new WebSocket(url, options);
  ws.on('open', () => {
    if (++open === Number(connections)) measure(() => count, warmUp, seconds);
    for (let j = 0; j < Number(inFlight); j++) ws.send(message);
  });
  ws.on('message', () => {
    count++;
    ws.send(message);
  });
  ws.on('error', (error) => {
    throw error;
  });
}
