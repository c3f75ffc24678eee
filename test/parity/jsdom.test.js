/**
 * @jest-environment jsdom
 * @jest-environment-options {"customExportConditions": ["node", "require"]}
 */

'use strict';

// Where tests of web pages run there is no setImmediate().

const { once } = require('events');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, parity, plain, start, stop } = require('./parity');

expectNothingLeftOpen();

test('there is none', () => {
  expect(typeof setImmediate).toBe('undefined');
});

parity('a server', async (lib) => {
  const log = [];
  const { server, port } = await start(lib);
  const closed = new Promise((resolve) => {
    server.on('connection', (ws) => {
      ws.send('hello', (error) => log.push(['sent', plain(error)]));
      ws.on('message', (data) => log.push(String(data)));
      ws.on('close', (code) => resolve(log.push(code)));
    });
  });
  const client = new RawClient(port);
  await client.upgrade();
  await client.send(bye);
  await client.closed;
  await closed;
  await stop(server);
  return log;
});

parity('a client', async (lib) => {
  const log = [];
  const { server, port } = await start(lib);
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(String(data))));
  const client = new lib.WebSocket(`ws://127.0.0.1:${port}`);
  client.on('message', (data) => {
    log.push(String(data));
    client.close(1000);
  });
  client.on('open', () => client.send('hello', (error) => log.push(['sent', plain(error)])));
  const [code] = await once(client, 'close');
  await stop(server);
  return [log, code];
});
