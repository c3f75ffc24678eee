'use strict';

// Asynchronous contexts by every transport: what handlers enter, and what callbacks and the ends of
// connections and servers see.

const { AsyncLocalStorage } = require('async_hooks');
const { once } = require('events');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity, start } = require('./parity');
const { WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

describe.each(WAYS)('by way of %s', (way) => {
  parity('what the first handler enters', async (lib) => {
    const storage = new AsyncLocalStorage();
    const log = [];
    const see = (what) => log.push([what, storage.getStore()]);
    const { frame, peer, stop, ws } = await openBy(lib, way, (made) => {
      see('open');
      storage.enterWith('entered');
      for (const event of ['message', 'ping', 'error', 'close']) made.on(event, () => see(event));
    });
    for (const [type, event] of [
      ['text', 'message'],
      ['ping', 'ping']
    ]) {
      const heard = once(ws, event);
      await peer.send(frame(type, 'x'));
      await heard;
    }
    const closed = new Promise((resolve) => ws.on('close', resolve));
    await peer.send(frame(3, ''));
    peer.socket.end();
    await closed;
    await stop();
    return log;
  });

  parity('callbacks of what a handler sends', async (lib) => {
    const storage = new AsyncLocalStorage();
    const log = [];
    const { frame, peer, stop, ws } = await openBy(lib, way);
    const sent = new Promise((resolve) => {
      ws.on('message', (data) => {
        storage.run(`run for ${data}`, () =>
          ws.send('x', () => {
            log.push(storage.getStore());
            if (log.length === 2) resolve();
          })
        );
      });
    });
    await peer.send(frame('text', 'one'));
    await peer.until((bytes) => bytes.length > 0);
    await peer.send(frame('text', 'two'));
    await sent;
    await stop();
    return log;
  });
});

parity('the end of a server without connections', async (lib) => {
  const storage = new AsyncLocalStorage();
  const log = [];
  const { server } = await start(lib);
  server.on('close', () => log.push(storage.getStore()));
  await new Promise((resolve) =>
    storage.run('closing', () =>
      server.close(() => {
        log.push(storage.getStore());
        resolve();
      })
    )
  );
  return log;
});
