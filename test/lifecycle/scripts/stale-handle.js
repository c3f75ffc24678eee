'use strict';

// A handle that lib/ has given back, in every call that takes one, before and after its slot is another
// connection's: stale-handle.js EXPECTED, where builds with assertions are expected to throw, and others to
// do nothing.

const { once } = require('events');

const { WebSocket, WebSocketServer } = require('../../..');
const native = require('../../../lib/native/addon');
const { kHandle } = require('../../../lib/symbols');

const settings = native.settings({});
const data = Buffer.from('stale');
const CALLS = {
  acceptWith: [settings, 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  address: [true],
  close: [1000, data],
  cork: [true],
  endTransport: [],
  enqueued: [],
  fd: [],
  feed: [data],
  feedClosed: [],
  feedEnd: [],
  flush: [true],
  idleTime: [],
  isHeld: [],
  isPaused: [],
  lendPieces: [true],
  listenerOf: [],
  pause: [],
  reactToClose: [1000, data],
  reactToEnd: [],
  reactToError: [1],
  readHeld: [],
  received: [],
  reject: [data],
  release: [],
  reset: [],
  resume: [],
  send: [data, 0x82],
  sendBinary: [data],
  sendFew: [1],
  sendFrames: [data, 0x82, undefined, 2],
  sendLater: [data, 0x82, undefined, 0],
  sendRaw: [data],
  sendString: ['stale'],
  sendText: ['stale', 0x81],
  sendTextBytes: [data],
  setKeepAlive: [true, 1],
  setNextMaskingKey: [Buffer.alloc(4)],
  setNoDelay: [true],
  setRef: [false],
  stage: [],
  streamState: [],
  tap: [true],
  takeOutput: [data],
  terminate: [],
  useSettings: [settings],
  wantText: [],
  writeFailure: []
};

async function connect(server) {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  const [[ws]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
  return { client, ws };
}

async function close({ client, ws }) {
  client.close();
  await Promise.all([once(client, 'close'), once(ws, 'close')]);
}

function tryAll(handle, what) {
  const outcomes = {};
  for (const [name, rest] of Object.entries(CALLS)) {
    let outcome = 'nothing';
    try {
      native[name](handle, ...rest);
    } catch (error) {
      outcome = error.code;
    }
    (outcomes[outcome] ??= []).push(name);
  }
  for (const [outcome, names] of Object.entries(outcomes)) {
    const isExpected = outcome === process.argv[2];
    console.log(`${what}: ${outcome}${isExpected ? '' : ` from ${names}`}`);
    if (!isExpected) process.exitCode = 1;
  }
}

async function main() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const first = await connect(server);
  const handle = first.ws[kHandle];
  await close(first);
  tryAll(handle, 'free');
  // Both of the slots that were used before are used again, with another generation.
  const next = await connect(server);
  const slots = [next.ws, next.client].map((ws) => ws[kHandle] & 0xfffff);
  if (!slots.includes(handle & 0xfffff)) throw new Error('the slot is not used again');
  const { bufferedAmount } = next.ws;
  tryAll(handle, "another's");
  // 0 stands for none, and is no mistake.
  native.sendString(0, 'nobody');
  next.client.send('hello');
  const [message] = await once(next.ws, 'message');
  console.log(`${message}, ${bufferedAmount} bytes wait`);
  await close(next);
  server.close();
}

main();
