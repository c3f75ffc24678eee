'use strict';

// What a write meets first: its callback is told, in front of everybody else.

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity, plain } = require('./parity');
const { PLAIN_WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

const turn = () => new Promise(setImmediate);

// What one end of a connection hears. `use` gets it, its peer, and what makes callbacks for the log.
async function hear(lib, way, { isKnown = true, use }) {
  const log = [];
  const { ws, peer, frame, stop } = await openBy(lib, way);
  const note =
    (name) =>
    (...args) =>
      log.push([name, ...args.map(plain), ws.readyState]);
  const closed = new Promise((resolve) => ws.on('close', resolve));
  for (const event of ['error', 'close']) ws.on(event, note(event));
  if (isKnown) {
    for (const event of ['end', 'error', 'close']) ws._socket.on(event, note(`socket: ${event}`));
  }
  await use({ frame, log, note, peer, reset: () => peer.socket.resetAndDestroy(), ws });
  await closed;
  if (isKnown) log.push([plain(ws._socket.errored), ws._socket.writableLength]);
  await stop();
  return log;
}

const everywhere = (title, use) => {
  for (const way of PLAIN_WAYS) {
    parity(`${title}: ${way}`, async (lib) => [
      await hear(lib, way, { use }),
      await hear(lib, way, { isKnown: false, use })
    ]);
  }
};

describe('behind a reset', () => {
  everywhere('send()', ({ note, reset, ws }) => {
    reset();
    ws.send('one', note('one'));
  });

  everywhere('send() without a callback', ({ reset, ws }) => {
    reset();
    ws.send('one');
  });

  everywhere('several send()', ({ note, reset, ws }) => {
    reset();
    for (const name of ['one', 'two', 'three']) ws.send(name, note(name));
  });

  everywhere('a large send(), and one behind it', ({ note, reset, ws }) => {
    reset();
    ws.send(Buffer.alloc(1_000_000), note('large'));
    ws.send('small', note('small'));
  });

  everywhere('ping() and close()', ({ note, reset, ws }) => {
    reset();
    ws.ping('x', note('ping'));
    ws.close(1000);
  });

  everywhere('close()', ({ reset, ws }) => {
    reset();
    ws.close(1000);
  });

  everywhere('send(), and another one later', async ({ note, reset, ws }) => {
    // Of one whose socket nobody knows, 'close' comes a turn earlier than under ws.
    ws._socket.on('close', note('socket closed'));
    reset();
    ws.send('one', note('one'));
    await turn();
    ws.send('two', note('two'));
  });

  everywhere('_socket.end()', ({ note, reset, ws }) => {
    reset();
    ws._socket.end(note('ended'));
  });

  for (const order of [['write'], ['write', 'send'], ['send', 'write'], ['write', 'write']]) {
    everywhere(`by ${order.join(', ')}`, ({ note, reset, ws }) => {
      reset();
      for (const [index, how] of order.entries()) {
        const callback = note(`${index}: ${how}`);
        if (how === 'send') ws.send('x', callback);
        else ws._socket.write('x', callback);
      }
    });
  }

  everywhere('send() and _socket.write() in one turn', ({ note, reset, ws }) => {
    // The first one leaves at once, the second one finds out.
    ws.ping('x', note('ping'));
    reset();
    ws._socket.write('x', note('write'));
    ws.send('x', note('send'));
  });

  everywhere('send(), and a look at bufferedAmount', ({ log, note, reset, ws }) => {
    reset();
    for (const name of ['one', 'two']) {
      ws.send(name, note(name));
      log.push(ws.bufferedAmount);
    }
  });

  everywhere('in a handler', async ({ frame, note, peer, reset, ws }) => {
    ws.on('message', () => {
      reset();
      for (const name of ['one', 'two']) ws.send(name, note(name));
    });
    await peer.send(frame('text', 'go'));
  });

  everywhere('close() in a handler', async ({ frame, peer, reset, ws }) => {
    ws.on('message', () => {
      reset();
      ws.close(1001);
    });
    await peer.send(frame('text', 'go'));
  });

  everywhere('send() and _socket.write() in a handler', async (connection) => {
    const { frame, note, peer, reset, ws } = connection;
    ws.on('message', () => {
      reset();
      ws.send('one', note('send'));
      ws._socket.write('two', note('write'));
    });
    await peer.send(frame('text', 'go'));
  });
});

// Its kernel answers the first one with a reset.
everywhere('several send() to a peer that has closed', ({ note, peer, ws }) => {
  peer.socket.destroy();
  for (const name of ['one', 'two', 'three']) ws.send(name, note(name));
});

everywhere('messages that wait, of a connection that is read no more', async (connection) => {
  const { frame, note, peer, reset, ws } = connection;
  peer.socket.pause();
  ws.pause();
  const before = ws._socket.bytesRead;
  peer.socket.write(frame('binary', Buffer.alloc(300_000)));
  while (ws._socket.bytesRead < before + 65_536) await turn();
  for (const name of ['one', 'two', 'three']) ws.send(Buffer.alloc(8_000_000), note(name));
  await turn();
  reset();
});
