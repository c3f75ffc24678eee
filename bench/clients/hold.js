'use strict';

// Opens connections and holds them, after so many messages to and fro on each:
//
//   node hold.js URL CONNECTIONS MESSAGES COMPRESS
//
// Prints "ready". Then it reads commands, one a line, and prints "ready" when each is done:
//
//   echo SIZE      a message on each connection, all at once, and the answers;
//   publish SIZE   a message to the path /publish, from where it comes to each connection.

const { once } = require('events');
const readline = require('readline');

const { WebSocket } = require('../..');
const { jsonLike } = require('./json_like');

const AT_ONCE = 50;

const [, , url, connections, messages, compress] = process.argv;
const options = { perMessageDeflate: compress === 'true', rejectUnauthorized: false };
const held = [];

/** Opens a connection, and another one when it has had its messages. */
async function openNext() {
  if (held.length === Number(connections)) return;
  const ws = new WebSocket(url, options);
  held.push(ws);
  ws.on('error', (error) => {
    throw error;
  });
  await once(ws, 'open');
  for (let i = 0; i < Number(messages); i++) {
    ws.send(jsonLike(1000));
    await once(ws, 'message');
  }
  await openNext();
}

const COMMANDS = {
  async echo(size) {
    const message = jsonLike(size);
    await Promise.all(
      held.map((ws) => {
        ws.send(message);
        return once(ws, 'message');
      })
    );
  },

  async publish(size) {
    const publisher = new WebSocket(new URL('/publish', url), options);
    await once(publisher, 'open');
    const all = Promise.all(held.map((ws) => once(ws, 'message')));
    publisher.send(jsonLike(size));
    await all;
    publisher.close();
  }
};

async function main() {
  await Promise.all(Array.from({ length: AT_ONCE }, openNext));
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, size] = line.split(' ');
    await COMMANDS[command](Number(size));
    console.log('ready');
  }
}

main();
