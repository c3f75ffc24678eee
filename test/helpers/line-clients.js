'use strict';

// Clients that do what the lines on standard input say, and answer with lines; see line-process.js.

const readline = require('readline');

const { frame, parseFrames } = require('./frames');
const { RawClient } = require('./raw-client');

let kept;
const crowd = [];

function connect(port, secure) {
  return new RawClient(Number(port), { secure: secure === 'secure' });
}

async function say(client) {
  client.received = Buffer.alloc(0);
  await client.send(frame('text', 'hello'));
  const bytes = await client.until((received) => parseFrames(received).frames.length > 0);
  return parseFrames(bytes).frames[0]?.payload.toString() ?? 'no answer';
}

const COMMANDS = {
  version: () => process.version,
  async keep(port, secure) {
    kept = connect(port, secure);
    await kept.upgrade();
    return 'kept';
  },
  async say() {
    return `said: ${await say(kept)}`;
  },
  // The kernel connects them, whether the server has accepted or not.
  async connect(port, count, secure) {
    for (let i = 0; i < Number(count); i++) {
      const client = connect(port, secure);
      await Promise.race([client.connected(), client.closed]).catch(() => {});
      client.answer = client.upgrade();
      crowd.push(client);
    }
    return `connected ${count}`;
  },
  // Of those whose upgrade was answered: whether each is served. The others may still come, or not.
  async ask() {
    const answers = [];
    for (const client of crowd) {
      const head = await Promise.race([client.answer, client.closed, delay(3000)]);
      if (typeof head === 'string' && head.startsWith('HTTP/1.1 101')) {
        answers.push(await Promise.race([say(client), delay(3000)]));
      }
    }
    return `asked: ${answers.every((answer) => answer === 'hello')}`;
  },
  async later(port, secure) {
    const client = connect(port, secure);
    crowd.push(client);
    await client.connected();
    await client.upgrade();
    return `later: ${await say(client)}`;
  },
  // Many at once, that say nothing.
  async visit(port, count, headers = '{}') {
    const clients = Array.from({ length: Number(count) }, () => connect(port));
    crowd.push(...clients);
    await Promise.all(clients.map((client) => client.upgrade(JSON.parse(headers))));
    return 'visited';
  },
  async everybody() {
    await Promise.all(crowd.map((client) => client.send(frame('text', 'hello'))));
    return 'everybody has said';
  },
  async end() {
    kept.socket.destroy();
    for (const client of crowd.splice(0)) client.socket.destroy();
    return 'ended';
  }
};

function delay(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const input = readline.createInterface({ input: process.stdin });
let last = Promise.resolve();
input.on('line', (line) => {
  const [command, ...args] = line.split(' ');
  last = last.then(async () => console.log(await COMMANDS[command](...args)));
});
input.on('close', () => process.exit());
