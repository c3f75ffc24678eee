'use strict';

// The server itself: its constructor, its address, its end.

const dns = require('dns');
const http = require('http');
const net = require('net');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { attempt, bye, describeError, parity, plain, start, stop } = require('./parity');

expectNothingLeftOpen();

const event = (emitter, name) =>
  new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

describe('the constructor', () => {
  const server = {};
  const cases = [
    [undefined],
    [{}],
    [{ port: null }],
    [{ port: 0, noServer: true }],
    [{ port: 0, server }],
    [{ noServer: true, server }],
    [{ noServer: false, server: null }],
    [{ port: 70000 }],
    [{ port: -1 }],
    [{ port: NaN }],
    [{ port: true }]
  ];
  for (const [i, args] of cases.entries()) {
    parity(`refuses case ${i}`, async (lib) => attempt(() => new lib.WebSocketServer(...args)));
  }

  parity('merges the defaults into options', async (lib) => {
    const { options } = new lib.WebSocketServer({ noServer: true, maxPayload: 5, mine: true });
    return Object.entries(options)
      .map(([name, value]) => [name, typeof value === 'function' ? value === lib.WebSocket : value])
      .sort();
  });
  parity('has an object of options where perMessageDeflate is true', async (lib) =>
    [true, false, undefined, null, 1, { threshold: 1 }].map(
      (perMessageDeflate) =>
        new lib.WebSocketServer({ noServer: true, perMessageDeflate }).options.perMessageDeflate
    )
  );
  parity('takes a port as a string', async (lib) => {
    const wss = new lib.WebSocketServer({ port: '0', host: '127.0.0.1' });
    await event(wss, 'listening');
    const { port, ...address } = wss.address();
    await stop(wss);
    return [typeof port, address];
  });
  parity('calls back when it listens', async (lib) => {
    const log = [];
    const wss = await new Promise((resolve) => {
      const made = new lib.WebSocketServer({ port: 0 }, function (...args) {
        log.push(['callback', args.length]);
        setImmediate(resolve, made);
      });
      made.on('listening', () => log.push('listening'));
      log.push(['returned', made.address() !== null]);
      process.nextTick(() => log.push('tick'));
    });
    await stop(wss);
    return log;
  });
  parity('has clients or not', async (lib) => [
    new lib.WebSocketServer({ noServer: true }).clients,
    new lib.WebSocketServer({ noServer: true, clientTracking: false }).clients
  ]);
});

describe('errors of listening', () => {
  parity('a port that is taken', async (lib) => {
    const taken = net.createServer();
    await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address();
    const log = [];
    const wss = new lib.WebSocketServer({ port, host: '127.0.0.1' }, () => log.push('never'));
    log.push('returned');
    const [error] = await event(wss, 'error');
    log.push(
      describeError(error),
      attempt(() => wss.address())
    );
    await new Promise((resolve) => taken.close(resolve));
    return JSON.stringify(log).replaceAll(String(port), 'PORT');
  });
  parity('an address that is not ours', async (lib) => {
    const wss = new lib.WebSocketServer({ port: 0, host: '192.0.2.1' });
    const [error] = await event(wss, 'error');
    return describeError(error);
  });
  parity('errors of an HTTP server', async (lib) => {
    const web = new http.Server();
    const wss = new lib.WebSocketServer({ server: web });
    const errors = event(wss, 'error');
    web.emit('error', new Error('of the server'));
    const listening = event(wss, 'listening');
    web.listen(0);
    await listening;
    const [error] = await errors;
    await stop(wss);
    await new Promise((resolve) => web.close(resolve));
    return describeError(error);
  });
});

describe('address()', () => {
  parity('with noServer', async (lib) =>
    attempt(() => new lib.WebSocketServer({ noServer: true }).address())
  );
  parity('before and after listening, on an HTTP server', async (lib) => {
    const web = http.createServer();
    const wss = new lib.WebSocketServer({ server: web });
    const before = wss.address();
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { address, family } = wss.address();
    await new Promise((resolve) => wss.close(resolve));
    const after = wss.address();
    await new Promise((resolve) => web.close(resolve));
    return [before, address, family, after];
  });
  parity('after close()', async (lib) => {
    const { server } = await start(lib);
    server.close();
    return attempt(() => server.address());
  });
});

describe('close()', () => {
  parity('twice, and a third time', async (lib) => {
    const { server } = await start(lib);
    const log = [];
    server.on('close', () => log.push('close'));
    const both = [1, 2].map(
      (i) => new Promise((resolve) => server.close((error) => resolve(log.push([i, plain(error)]))))
    );
    await Promise.all(both);
    await new Promise((resolve) => server.close((error) => resolve(log.push([3, plain(error)]))));
    return log;
  });
  parity('waits for connections, on a port', async (lib) => {
    const { server, port } = await start(lib);
    const log = [];
    server.on('connection', (ws) => ws.on('close', () => log.push(['ws', server.clients.size])));
    const client = new RawClient(port);
    await client.upgrade();
    const closed = new Promise((resolve) => server.close(() => resolve(log.push('server'))));
    await client.send(bye);
    await client.until((bytes) => bytes.includes(0x88));
    await client.end();
    await closed;
    return log;
  });
  for (const clientTracking of [true, false]) {
    parity(`with noServer, clientTracking ${clientTracking}`, async (lib) => {
      const web = http.createServer();
      await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
      const server = new lib.WebSocketServer({ noServer: true, clientTracking });
      const log = [];
      web.on('upgrade', (req, socket, head) =>
        server.handleUpgrade(req, socket, head, (ws) => {
          ws.on('close', () => log.push('ws'));
          log.push(server.clients?.size);
        })
      );
      const client = new RawClient(web.address().port);
      await client.upgrade();
      const closed = new Promise((resolve) => server.close(() => resolve(log.push('server'))));
      process.nextTick(() => log.push('tick'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.send(bye);
      await client.until((bytes) => bytes.includes(0x88));
      await client.end();
      await closed;
      while (!log.includes('ws')) await new Promise(setImmediate);
      await new Promise((resolve) => web.close(resolve));
      return log;
    });
  }
  parity('refuses upgrades afterwards, on an HTTP server by hand', async (lib) => {
    const web = http.createServer();
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    const server = new lib.WebSocketServer({ noServer: true });
    await new Promise((resolve) => server.close(resolve));
    web.on('upgrade', (req, socket, head) => server.handleUpgrade(req, socket, head, () => {}));
    const client = new RawClient(web.address().port);
    const response = await client.upgrade();
    await client.closed;
    await new Promise((resolve) => web.close(resolve));
    return response;
  });
  parity('takes its listeners off an HTTP server', async (lib) => {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ server: web });
    const names = ['upgrade', 'listening', 'error'];
    const before = names.map((name) => web.listenerCount(name));
    await new Promise((resolve) => server.close(resolve));
    return [before, names.map((name) => web.listenerCount(name))];
  });
});

parity('close() while the host is looked up', async (lib) => {
  const log = [];
  const wss = new lib.WebSocketServer({ port: 0, host: 'localhost' });
  for (const name of ['listening', 'error', 'close']) {
    wss.on(name, (...args) => log.push([name, ...args.map(plain)]));
  }
  log.push(wss.address());
  const { _server: listener } = wss;
  await new Promise((resolve) => wss.close(resolve));
  // One that was asked for later.
  await new Promise((resolve) => dns.lookup('localhost', resolve));
  await new Promise(setImmediate);
  log.push(wss.address(), listener.listening, listener.address());
  return log;
});

describe('clients', () => {
  parity('holds the open connections', async (lib) => {
    const { server, port } = await start(lib);
    const log = [];
    server.on('connection', (ws) => {
      log.push(server.clients.has(ws), server.clients.size);
      ws.on('close', () => log.push(server.clients.has(ws), server.clients.size));
    });
    const clients = [new RawClient(port), new RawClient(port)];
    for (const client of clients) await client.upgrade();
    for (const client of clients) {
      await client.send(bye);
      await client.until((bytes) => bytes.includes(0x88));
      await client.end();
    }
    while (log.length < 8) await new Promise(setImmediate);
    await stop(server);
    return log;
  });
});
