'use strict';

// A connection that the program has paused, and what its peer does meanwhile.

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity, plain } = require('./parity');
const { PLAIN_WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

const turn = () => new Promise(setImmediate);
const turns = async (count) => {
  for (let i = 0; i < count; i++) await turn();
};

// What one end hears whose peer sends `sent` while it is paused, and then does something.
async function hear(lib, way, { isKnown = true, sent, then }) {
  const log = [];
  const { ws, peer, frame, bye, stop } = await openBy(lib, way);
  const note =
    (name) =>
    (...args) =>
      log.push([name, ...args.map(plain), ws.readyState]);
  const closed = new Promise((resolve) => ws.on('close', resolve));
  for (const event of ['message', 'ping', 'error', 'close']) ws.on(event, note(event));
  if (isKnown) {
    for (const event of ['end', 'error', 'close']) ws._socket.on(event, note(`socket: ${event}`));
  }
  ws.pause();
  const arrived = Buffer.concat(sent({ frame, bye }));
  await peer.send(arrived);
  await turns(20);
  await then({ closed, note, peer, reset: () => peer.socket.resetAndDestroy(), ws });
  await closed;
  await stop();
  return log;
}

const SENT = {
  nothing: () => [],
  'a message': ({ frame }) => [frame('text', 'one')],
  messages: ({ frame }) => ['one', 'two', 'three'].map((text) => frame('text', text)),
  'a message and a ping': ({ frame }) => [frame('text', 'one'), frame('ping', 'p')],
  'a message and a close frame': ({ frame, bye }) => [frame('text', 'one'), bye],
  'half a message': ({ frame }) => [frame('text', 'one'), frame('text', 'half').subarray(0, 3)],
  'a message and a fault': ({ frame }) => [frame('text', 'one'), Buffer.from([0xff, 0x80])]
};

const THEN = {
  'resets it': ({ reset }) => reset(),
  'resets it, and we write': ({ note, reset, ws }) => {
    reset();
    ws.send('x', note('sent'));
  },
  'resets it, and we write to the socket': ({ note, reset, ws }) => {
    reset();
    ws._socket.write('x', note('written'));
  },
  'resets it, and we have something that waits': async ({ note, peer, reset, ws }) => {
    peer.socket.pause();
    // What is said of the one under way is another matter.
    ws.send(Buffer.alloc(8_000_000));
    ws.send('x', note('sent'));
    await turn();
    reset();
  },
  'resets it, and we go on at once': ({ reset, ws }) => {
    reset();
    ws.resume();
  },
  'resets it, and we go on too late': async ({ closed, reset, ws }) => {
    reset();
    await closed;
    ws.resume();
  },
  'resets it, and we close it': ({ reset, ws }) => {
    reset();
    ws.close(1001);
  },
  'ends it, and we go on': async ({ note, peer, ws }) => {
    peer.socket.end();
    await turns(20);
    note('still')();
    ws.resume();
  }
};

for (const [what, sent] of Object.entries(SENT)) {
  for (const [does, then] of Object.entries(THEN)) {
    // There the fault is told in front of the end, which ws has seen already.
    if (what === 'a message and a fault' && does.startsWith('ends')) continue;
    for (const way of PLAIN_WAYS) {
      parity(`the peer has sent ${what} and ${does}: ${way}`, async (lib) => [
        await hear(lib, way, { sent, then }),
        await hear(lib, way, { isKnown: false, sent, then })
      ]);
    }
  }
}

for (const way of PLAIN_WAYS) {
  parity(`whoever asks for the socket does not let it go on: ${way}`, async (lib) => {
    const log = [];
    const { ws, peer, frame, stop } = await openBy(lib, way);
    const got = new Promise((resolve) =>
      ws.on('message', (data) => {
        log.push(String(data));
        resolve();
      })
    );
    ws.pause();
    log.push(ws._socket.isPaused(), ws._socket.readableFlowing);
    await peer.send(frame('text', 'one'));
    await turns(20);
    log.push('on');
    ws.resume();
    log.push(ws._socket.isPaused(), ws._socket.readableFlowing);
    await got;
    await stop();
    return log;
  });
}
