'use strict';

// AsyncLocalStorage: handlers see what the code saw that made the client or the server, as under ws.

const { AsyncLocalStorage } = require('async_hooks');
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
