'use strict';

// Opens connections and holds them, after so many messages to and fro on each:
//
//   node hold.js URL CONNECTIONS MESSAGES COMPRESS
//
// Prints "ready".

const { WebSocket } = require('../..');
const { jsonLike } = require('./json_like');

const [, , url, connections, messages, compress] = process.argv;
const options = { perMessageDeflate: compress === 'true', rejectUnauthorized: false };
const held = [];
let left = Number(connections);

function openNext() {
  if (held.length === Number(connections)) return;
  const ws = new WebSocket(url, options);
  held.push(ws);
  let toCome = Number(messages);
  const next = () => {
    if (toCome-- > 0) {
      ws.send(jsonLike(1000));
    } else {
      if (--left === 0) console.log('ready');
      openNext();
    }
  };
  ws.on('open', next);
  ws.on('message', next);
  ws.on('error', (error) => {
    throw error;
  });
}

for (let i = 0; i < 50; i++) openNext();
