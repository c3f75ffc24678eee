'use strict';

// Hooks of async_hooks run before each delivery: what they send, and what they make streams deliver,
// is nothing that the delivery takes for its own.

const { createHook } = require('async_hooks');
const { once } = require('events');
const { Duplex } = require('stream');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity } = require('./parity');

expectNothingLeftOpen();

// Runs `act` before the next callback, once.
function beforeNext(act) {
  const hook = createHook({
    before() {
      hook.disable();
      act();
    }
  });
  hook.enable();
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
  beforeNext(() => two.client.send(first));
  await second;
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
  beforeNext(() => duplex.push(Buffer.from('\x82\x0fthrough a stream', 'latin1')));
  await Promise.all(both);
  other.terminate();
  await once(other, 'close');
  await stop();
  return log.sort();
});
