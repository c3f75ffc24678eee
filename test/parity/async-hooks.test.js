'use strict';

// Hooks of async_hooks run before each delivery: what they send, and what they make streams deliver,
// is nothing that the delivery takes for its own.

const { createHook } = require('async_hooks');
const { once } = require('events');
const { Duplex } = require('stream');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity } = require('./parity');

expectNothingLeftOpen();

// Runs `act` before each callback, until `promise` is settled.
async function beforeAllUntil(promise, act) {
  const hook = createHook({ before: act }).enable();
  try {
    return await promise;
  } finally {
    hook.disable();
  }
}

// A server on a port and a client of it.
async function openPair(lib) {
  const server = new lib.WebSocketServer({ port: 0 });
  await once(server, 'listening');
  const client = new lib.WebSocket(`ws://localhost:${server.address().port}`);
  const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
  const stop = async () => {
    client.terminate();
    await once(client, 'close');
    await new Promise((resolve) => server.close(resolve));
  };
  return { client, peer, stop };
}

parity('a hook sends the message that was received last', async (lib) => {
  const one = await openPair(lib);
  const two = await openPair(lib);
  const log = [];
  const echoed = once(two.peer, 'message');
  one.peer.send('FIRST');
  const [first] = await once(one.client, 'message');
  one.client.on('message', (data) => log.push(`${data}`));
  const second = once(one.client, 'message');
  one.peer.send('second');
  await beforeAllUntil(second, () => two.client.send(first));
  log.push(`echoed ${(await echoed)[0]}`);
  await Promise.all([one.stop(), two.stop()]);
  return log;
});

parity('a hook makes a stream deliver a message', async (lib) => {
  const { client, peer, stop } = await openPair(lib);
  const duplex = new Duplex({ read() {}, write: (chunk, encoding, callback) => callback() });
  const other = new lib.WebSocket(null, undefined, {});
  other._isServer = false;
  other.setSocket(duplex, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 0 });
  const log = [];
  other.on('message', (data) => log.push(`the stream's: ${data}`));
  client.on('message', (data) => log.push(`the port's: ${data}`));
  const both = [once(client, 'message'), once(other, 'message')];
  peer.send('from the port');
  const frame = Buffer.from('\x82\x10through a stream', 'latin1');
  await beforeAllUntil(Promise.all(both), () => duplex.push(frame));
  other.terminate();
  await once(other, 'close');
  await stop();
  return [...new Set(log)].sort();
});
