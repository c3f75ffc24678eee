'use strict';

// What a program does to `_socket`, in whichever handler: every method, every moment, every transport.

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const wsuv = require('../..');
const { parity, plain } = require('./parity');
const { PLAIN_WAYS, WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

const PING = Buffer.from([0x89, 0]);

const ENDING = {
  'destroy()': (socket) => socket.destroy(),
  'destroy() with an error': (socket) => socket.destroy(new Error('mine')),
  'end()': (socket) => socket.end(),
  'end() with bytes': (socket) => socket.end(PING),
  'destroySoon()': (socket) => socket.destroySoon(),
  "emit('error')": (socket) => socket.emit('error', new Error('mine')),
  'push(null)': (socket) => socket.push(null)
};

const MOMENTS = {
  open: (connection, act) => act(),
  'a timer': (connection, act) => setTimeout(act, 1),
  'a callback': ({ ws }, act) => ws.send('x', act),
  message: ({ frame, peer, ws }, act) => {
    ws.once('message', act);
    peer.send(frame('text', 'one'), frame('text', 'two'));
  },
  ping: ({ frame, peer, ws }, act) => {
    ws.once('ping', act);
    peer.send(frame('ping', 'p'), frame('text', 'two'));
  },
  error: ({ frame, peer, ws }, act) => {
    ws.once('error', act);
    peer.send(frame('text', 'one'), frame(3, ''));
  },
  "the socket's data": ({ frame, peer, ws }, act) => {
    ws._socket.once('data', act);
    peer.send(frame('text', 'one'));
  },
  "the socket's end": ({ peer, ws }, act) => {
    ws._socket.once('end', act);
    peer.socket.end();
  }
};

// What is heard until the connection is over.
async function observe(lib, way, method, moment) {
  const log = [];
  const connection = await openBy(lib, way);
  const { peer, stop, ws } = connection;
  const { _socket: socket } = ws;
  ws.on('message', (data) => {
    log.push(['message', String(data)]);
    ws.send('echo', (error) => error && log.push(['sent', plain(error)]));
  });
  ws.on('error', (error) => log.push(['error', plain(error), ws.readyState]));
  socket.on('error', (error) => log.push(['socket: error', plain(error), ws.readyState]));
  socket.on('end', () => log.push(['socket: end']));
  socket.on('close', (hadError) => log.push(['socket: close', hadError]));
  const closed = new Promise((resolve) => ws.on('close', resolve));
  MOMENTS[moment](connection, () => {
    method(socket);
    log.push(['done', socket.destroyed, socket.writableEnded, ws.readyState]);
  });
  log.push(await closed);
  // A peer that was reset may not have read all.
  peer.socket.end();
  await peer.closed;
  if (!way.endsWith('client') && moment !== 'error') log.push(peer.received.toString('latin1'));
  await stop();
  return log;
}

// Over TLS, what the handlers of one chunk send is one write, which a destroy() does not tear.
const isListed = (way, title, moment) =>
  /tls|secure/.test(way) &&
  (title === "emit('error')" || /destroy\(\)/.test(title)) &&
  /message|ping/.test(moment);

describe.each(WAYS)('of a connection by way of %s', (way) => {
  for (const [title, method] of Object.entries(ENDING)) {
    for (const moment of Object.keys(MOMENTS)) {
      if (isListed(way, title, moment)) continue;
      parity(`${title} in ${moment}`, (lib) => observe(lib, way, method, moment));
    }
  }
});

describe.each(PLAIN_WAYS)('resetAndDestroy() of a connection by way of %s', (way) => {
  const reset = (socket) => socket.resetAndDestroy();
  // ('end' of the socket: its side has ended, so that it cannot be reset, and ws never closes.)
  for (const moment of Object.keys(MOMENTS).filter((name) => !/end$/.test(name))) {
    parity(`in ${moment}`, (lib) => observe(lib, way, reset, moment));
  }
  parity('behind send()', async (lib) => {
    const { peer, stop, ws } = await openBy(lib, way, (made) => {
      made.send('last');
      made._socket.resetAndDestroy();
    });
    await peer.closed;
    const { length } = peer.received;
    await stop();
    return [length, ws.readyState];
  });
});

// (Where sockets stay with Node, it never closes, as under ws.)
const isNative = process.env.WSUV_TRANSPORT !== 'stream';

test('a socket that is reset behind its own end closes', async () => {
  if (!isNative) return;
  const { peer, stop, ws } = await openBy(wsuv, 'port');
  const closed = new Promise((resolve) => ws.on('close', resolve));
  ws._socket.on('error', () => {});
  ws._socket.on('end', () => ws._socket.resetAndDestroy());
  peer.socket.end();
  expect(await closed).toBe(1006);
  await stop();
});

describe.each(WAYS)('bytes of a connection by way of %s', (way) => {
  for (const method of ['push', 'unshift']) {
    parity(`${method}() is as if the peer had sent them`, async (lib) => {
      const log = [];
      const { bye, frame, peer, stop, ws } = await openBy(lib, way);
      ws.on('message', (data) => log.push(String(data)));
      ws._socket[method](frame('text', 'one'));
      log.push('pushed');
      const closed = new Promise((resolve) => ws.on('close', resolve));
      await peer.send(frame('text', 'two'), bye);
      peer.socket.end();
      log.push(await closed);
      await stop();
      return log;
    });
  }

  for (const method of ['on', 'prependListener', 'once']) {
    parity(`${method}('data'), and what they say`, async (lib) => {
      const log = [];
      const { bye, frame, peer, stop, ws } = await openBy(lib, way);
      ws.on('message', (data) => log.push(String(data)));
      ws._socket[method]('data', () => log.push('data'));
      const closed = new Promise((resolve) => ws.on('close', resolve));
      const second = new Promise((resolve) => ws.on('pong', resolve));
      await peer.send(frame('text', 'one'), frame('text', 'two'), frame('pong', ''));
      await second;
      await peer.send(frame('text', 'three'), frame(3, ''));
      ws.on('error', () => log.push('error'));
      peer.socket.end(bye);
      log.push(await closed);
      await stop();
      return log;
    });
  }
});

describe.each(WAYS)('a fault of the peer, by way of %s', (way) => {
  parity('comes behind what the handlers in front of it do in the next tick', async (lib) => {
    const log = [];
    const { frame, peer, stop, ws } = await openBy(lib, way);
    ws.on('message', (data) => {
      log.push(String(data));
      process.nextTick(() => {
        log.push(['tick', ws.readyState]);
        ws.send(`answer to ${data}`);
      });
    });
    ws.on('error', () => log.push(['error', ws.readyState]));
    const closed = new Promise((resolve) => ws.on('close', resolve));
    await peer.send(frame('text', 'one'), frame('text', 'two'), frame(3, ''));
    peer.socket.end();
    log.push(await closed);
    await peer.closed;
    log.push(peer.received.length);
    await stop();
    return log;
  });
});
