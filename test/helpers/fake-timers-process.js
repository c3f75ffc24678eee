'use strict';

// Run by test/parity/fake-timers.test.js: a conversation in a process whose timers are sinon's. Prints
// what happened as JSON. Arguments: the package; what to fake (comma-separated; nothing for sinon's
// default, with which ticks are faked, too, and run by hand); whether to do so 'before' or 'after' the
// package is loaded; whether the server is on an 'http' server or on a 'port'.

const http = require('http');
const real = { setInterval };
const sinon = require('sinon');

const [name, toFake, when, where] = process.argv.slice(2);
const options = toFake === '' ? {} : { toFake: toFake.split(',') };

let clock;
if (when === 'before') clock = sinon.useFakeTimers(options);
const { WebSocket, WebSocketServer } = require(name);
if (when === 'after') clock = sinon.useFakeTimers(options);

const log = [];
const note =
  (...what) =>
  (...args) =>
    log.push([...what, ...args.map(describe)]);

function describe(value) {
  if (Buffer.isBuffer(value)) return value.length > 100 ? value.length : value.toString();
  if (value instanceof Error) return value.message;
  return Object(value) === value ? typeof value : value;
}

function finish() {
  clock.restore();
  process.stdout.write(JSON.stringify(log), () => process.exit());
}

if (toFake === '') real.setInterval(() => clock.runMicrotasks(), 1);

const web = where === 'http' ? http.createServer() : undefined;
const server = new WebSocketServer(
  web === undefined ? { port: 0, host: '127.0.0.1' } : { server: web },
  note('callback of listening')
);
if (web !== undefined) web.listen(0, '127.0.0.1');
server.on('close', note('server is closed'));
server.on('listening', () => {
  note('listening')();
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  for (const event of ['open', 'message', 'pong', 'error', 'close']) {
    client.on(event, note(`client: ${event}`));
  }
  client.on('open', () => {
    client.send('hello', note('client: sent'));
    client.ping('p', undefined, note('client: pinged'));
  });
  client.on('pong', () => client.close(1000, 'bye'));
  client.on('close', () => client.send('late', note('client: late')));
});
server.on('connection', (ws) => {
  for (const event of ['message', 'ping', 'close']) ws.on(event, note(`server: ${event}`));
  ws.on('message', (data) => {
    ws.send(`got ${data}`, note('server: sent'));
    ws.send(Buffer.alloc(6_000_000), note('server: sent much'));
  });
});

// Waits for what is to come last, without a timer that may be fake.
let isClosing = false;
real.setInterval(() => {
  const has = (what) => log.some(([first]) => first === what);
  if (!isClosing && has('client: late') && has('server: close')) {
    isClosing = true;
    web?.close(note('http: close'));
    server.close(note('callback of close'));
  }
  if (has('callback of close') && (web === undefined || has('http: close'))) finish();
}, 1);
