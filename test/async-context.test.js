'use strict';

// AsyncLocalStorage: handlers see what the code saw that made the client or the server, as under ws.

const { AsyncLocalStorage, executionAsyncResource } = require('async_hooks');
const { once } = require('events');
const http = require('http');

const ws = require('ws');

const wsuv = require('..');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');

expectNothingLeftOpen();

async function observe(lib, onHttp) {
  const storage = new AsyncLocalStorage();
  const log = [];
  const note = (what) => log.push(`${what}: ${storage.getStore()}`);
  const web = http.createServer();
  const server = storage.run('server', () => {
    const made = new lib.WebSocketServer(onHttp ? { server: web } : { port: 0 });
    if (onHttp) web.listen(0);
    return made;
  });
  await once(server, 'listening');
  const done = new Promise((resolve) => {
    server.on('connection', (peer) => {
      peer.on('message', (data) => {
        note('server message');
        peer.send(data, () => note('server sent'));
        setImmediate(() => note('server later'));
      });
      peer.on('close', () => {
        note('server close');
        resolve();
      });
    });
  });
  const { port } = server.address();
  await Promise.all(
    ['one', 'two'].map((name) =>
      storage.run(name, async () => {
        const client = new lib.WebSocket(`ws://127.0.0.1:${port}`);
        const closed = once(client, 'close');
        client.on('open', () => {
          log.push(`${name} open: ${storage.getStore()}`);
          storage.run('inner', () => client.send('x', () => note(`${name} sent`)));
        });
        client.on('message', async () => {
          log.push(`${name} message: ${storage.getStore()}`);
          await null;
          log.push(`${name} awaited: ${storage.getStore()}`);
          client.close();
        });
        client.on('close', () => log.push(`${name} close: ${storage.getStore()}`));
        await closed;
      })
    )
  );
  await done;
  await new Promise((resolve) => server.close(resolve));
  if (onHttp) await new Promise((resolve) => web.close(resolve));
  return log.sort();
}

test.each([
  ['a port', false],
  ['an HTTP server', true]
])('stores are those that ws would give, on %s', async (_, onHttp) => {
  const expected = await observe(ws, onHttp);
  expect(expected).toContain('one message: one');
  expect(await observe(wsuv, onHttp)).toEqual(expected);
});

// Two clients send one message after the other, each of which an 'enterWith' follows.
async function observeStores(lib, mode, act) {
  const storage = new AsyncLocalStorage();
  const log = [];
  const web = http.createServer();
  const server = new lib.WebSocketServer(
    mode === 'port' ? { port: 0 } : mode === 'server' ? { server: web } : { noServer: true }
  );
  if (mode === 'noServer') {
    web.on('upgrade', (req, socket, head) =>
      server.handleUpgrade(req, socket, head, (peer) => server.emit('connection', peer, req))
    );
  }
  if (mode === 'port') await once(server, 'listening');
  else await new Promise((resolve) => web.listen(0, resolve));
  const { port } = mode === 'port' ? server.address() : web.address();
  server.on('connection', (peer) => act({ peer, storage, log }));
  const clients = [];
  for (let i = 0; i < 2; i++) {
    const client = new ws.WebSocket(`ws://127.0.0.1:${port}`);
    await once(client, 'open');
    clients.push(client);
  }
  for (const text of ['alice', 'bob', 'again', 'again']) {
    const client = clients[text === 'bob' || log.length % 2 === 1 ? 1 : 0];
    client.send(text);
    await once(client, 'message');
  }
  for (const client of clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
  if (mode !== 'port') await new Promise((resolve) => web.close(resolve));
  return log;
}

describe.each(['port', 'server', 'noServer'])(
  'each connection has a context of its own: %s',
  (mode) => {
    const parity = (title, act) =>
      test(title, async () => {
        const expected = await observeStores(ws, mode, act);
        expect(await observeStores(wsuv, mode, act)).toEqual(expected);
      });

    parity('what a handler enters, no other connection sees', ({ peer, storage, log }) => {
      peer.on('message', (data) => {
        log.push([String(data), storage.getStore()]);
        if (String(data) !== 'again') storage.enterWith(String(data));
        peer.send('done');
      });
    });

    parity('what is entered while connecting', ({ peer, storage, log }) => {
      storage.enterWith('connecting');
      peer.on('message', async (data) => {
        log.push([String(data), storage.getStore()]);
        await null;
        peer.send('done');
      });
    });

    parity('in timers and promises of handlers', ({ peer, storage, log }) => {
      peer.on('message', (data) => {
        if (String(data) !== 'again') storage.enterWith(String(data));
        setImmediate(async () => {
          await null;
          log.push([String(data), storage.getStore()]);
          peer.send('done');
        });
      });
    });

    const resources = new WeakMap();
    parity('the resource is the same for a connection, and for no other', ({ peer, log }) => {
      let count = 0;
      peer.on('message', (data) => {
        const resource = executionAsyncResource();
        log.push([String(data), count++, resources.get(resource)]);
        resources.set(resource, (resources.get(resource) ?? 0) + 1);
        peer.send('done');
      });
    });
  }
);

test('the store that was current when the package was loaded is seen by nobody', async () => {
  const storage = new AsyncLocalStorage();
  const lib = await storage.run('loading', async () => {
    let loaded;
    jest.isolateModules(() => (loaded = require('..')));
    return loaded;
  });
  const log = await observeStores(lib, 'port', ({ peer, log: seen }) => {
    peer.on('message', () => {
      seen.push(storage.getStore());
      peer.send('done');
    });
  });
  expect(log).toEqual([undefined, undefined, undefined, undefined]);
});

describe('callbacks of what has to wait see what the first of them would', () => {
  const large = Buffer.alloc(1024 * 1024, 1);

  async function observeCallbacks(lib, perMessageDeflate, act) {
    const storage = new AsyncLocalStorage();
    const log = [];
    const server = new lib.WebSocketServer({ port: 0, perMessageDeflate });
    await once(server, 'listening');
    const done = new Promise((resolve) => {
      server.on('connection', (peer) => {
        const note = (what) => () => log.push([what, storage.getStore()]);
        peer.on('message', () => act({ peer, storage, note }));
        peer.on('close', resolve);
      });
    });
    const { port } = server.address();
    const client = new ws.WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
    await once(client, 'open');
    client.send('x');
    await Promise.all([once(client, 'close'), done]);
    await new Promise((resolve) => server.close(resolve));
    return log;
  }

  const parity = (title, act) =>
    test.each([false, true])(`${title}, compressed: %s`, async (isCompressed) => {
      const expected = await observeCallbacks(ws, isCompressed, act);
      expect(expected.length).toBeGreaterThan(2);
      expect(await observeCallbacks(wsuv, isCompressed, act)).toEqual(expected);
    });

  parity('behind a large message', ({ peer, storage, note }) => {
    storage.run('first', () => peer.send(large, note('large')));
    storage.run('second', () => peer.send('text', note('behind it')));
    storage.run('third', () => {
      peer.ping('', undefined, note('ping'));
      peer.close();
    });
  });

  parity('behind a Blob', ({ peer, storage, note }) => {
    storage.run('first', () => peer.send(new Blob(['blob']), note('blob')));
    storage.run('second', () => peer.send('text', note('behind it')));
    storage.run('third', () => {
      peer.send(large, note('large'));
      peer.close();
    });
  });

  parity('of what is dropped', ({ peer, storage, note }) => {
    storage.run('first', () => peer.send(large, { compress: true }, note('large')));
    storage.run('second', () => peer.send(new Blob(['blob']), note('blob')));
    storage.run('third', () => {
      peer.send('text', note('behind it'));
      peer.terminate();
    });
  });
});
