'use strict';

// Asks questions one after the other, as a conversation is: `node examples/conversation.js`.
// Nothing is read while the server thinks, and what a client says early is not lost.

const { setTimeout: sleep } = require('timers/promises');

const { WebSocketServer } = require('wsuv');

const server = new WebSocketServer(
  { port: Number(process.env.PORT ?? 8080), waitForListener: true },
  () => console.log(`listening at ws://localhost:${server.address().port}`)
);

async function converse(ws) {
  await sleep(10); // Looks something up first.
  ws.send('What is your name?');
  let name;
  for await (const answer of ws) {
    if (name === undefined) {
      name = answer;
      ws.send(`Hello ${name}. What do you want to know?`);
    } else {
      await sleep(10);
      ws.send(`I wonder, too: ${answer}`);
    }
  }
  console.log(`${name} has gone`);
}

server.on('connection', (ws) => {
  converse(ws).catch((error) => console.log(`lost: ${error.message}`));
});
