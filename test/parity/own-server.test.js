'use strict';

// `wss._server` of a server on a port, and where that listens.

const { once } = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { attempt, bye, describeError, parity, start, stop } = require('./parity');
const wsuv = require('../..');

expectNothingLeftOpen();

const MAJOR = Number(process.versions.node.split('.', 1)[0]);

const connections = (server) =>
  new Promise((resolve) => server.getConnections((...args) => resolve(args)));

// How many there are is known a moment after a client has gone.
async function untilConnections(server, count) {
  while ((await connections(server))[1] !== count) await new Promise(setImmediate);
}

parity('getConnections() counts what is open, a WebSocket or not', async (lib) => {
  const { server, port } = await start(lib);
  const { _server: own } = server;
  const log = [await connections(own), own.getConnections(() => {}) === own];
  const silent = new RawClient(port);
  await silent.connected();
  await untilConnections(own, 1);
  const client = new RawClient(port);
  await client.upgrade();
  log.push(await connections(own));
  await silent.end();
  await untilConnections(own, 1);
  await client.send(bye);
  await client.end();
  await untilConnections(own, 0);
  let isSynchronous = true;
  own.getConnections(() => log.push(isSynchronous));
  isSynchronous = false;
  await new Promise(setImmediate);
  await stop(server);
  log.push(await connections(own));
  return log;
});

parity('closeAllConnections() ends what is no WebSocket yet', async (lib) => {
  const { server, port } = await start(lib);
  const log = [];
  const silent = new RawClient(port);
  const half = new RawClient(port);
  await silent.connected();
  await half.send('GET / HTTP/1.1\r\n');
  const client = new RawClient(port);
  await client.upgrade();
  await untilConnections(server._server, 3);
  log.push(attempt(() => server._server.closeAllConnections()));
  await Promise.all([silent.closed, half.closed]);
  log.push(silent.received.toString(), half.received.toString());
  await untilConnections(server._server, 1);
  await client.send(bye);
  await client.until((bytes) => bytes.includes(0x88));
  await client.end();
  await stop(server);
  return log;
});

parity('closeIdleConnections() leaves requests and WebSockets', async (lib) => {
  const { server, port } = await start(lib);
  const half = new RawClient(port);
  await half.send('GET / HTTP/1.1\r\n');
  const client = new RawClient(port);
  await client.upgrade();
  await untilConnections(server._server, 2);
  const log = [attempt(() => server._server.closeIdleConnections())];
  await new Promise(setImmediate);
  log.push(await connections(server._server));
  await Promise.all([half.end(), client.send(bye).then(() => client.end())]);
  await stop(server);
  return log;
});

parity("'connection' shows the socket that requests and WebSockets have", async (lib) => {
  const { server, port } = await start(lib);
  const log = [];
  const sockets = [];
  server._server.on('connection', (socket) => {
    sockets.push(socket);
    log.push(['socket', socket.remotePort === client.socket.localPort, socket.destroyed]);
  });
  server.on('connection', (ws, req) => {
    log.push(['ws', ws._socket === sockets[0], req.socket === sockets[0]]);
  });
  const client = new RawClient(port);
  await client.upgrade();
  const closed = once(sockets[0], 'close');
  sockets[0].destroy();
  await closed;
  await client.closed;
  await stop(server);
  return log;
});

for (const end of ['end', 'reset']) {
  parity(`a socket that 'connection' has shown tells of the peer's ${end}`, async (lib) => {
    const { server, port } = await start(lib);
    const log = [];
    const note =
      (name) =>
      (...args) =>
        log.push([name, ...args.map(String)]);
    let shown;
    server._server.on('connection', (socket) => {
      shown = socket;
      for (const event of ['end', 'error', 'close']) socket.on(event, note(`socket: ${event}`));
    });
    const connected = once(server, 'connection');
    const client = new RawClient(port);
    await client.upgrade();
    const [ws, req] = await connected;
    log.push(ws._socket === shown, req.socket === shown);
    ws.on('message', note('message'));
    const closed = once(ws, 'close');
    await client.send(frame('text', 'x'));
    await once(ws, 'message');
    await client[end]();
    note('close')(...(await closed));
    log.push(server.clients.size);
    await stop(server);
    return log;
  });
}

describe("'upgrade'", () => {
  // One request, and what was seen of it.
  async function upgradeWith(lib, prepare, headers) {
    const { server, port } = await start(lib);
    const log = [];
    const requests = [];
    server.on('connection', (ws, req) => {
      log.push(['connection', requests.includes(req)]);
      ws.on('close', (code) => log.push(['close', code]));
    });
    const onUpgrade = function (req, socket, head) {
      requests.push(req);
      log.push(['upgrade', this === server._server, req.url, socket === req.socket, head.length]);
    };
    await prepare(server._server, onUpgrade, log);
    const client = new RawClient(port);
    log.push((await client.upgrade(headers)).split('\r\n', 1)[0]);
    await client.send(bye);
    await client.end();
    await stop(server);
    return log;
  }

  const prepares = {
    'another listener': (own, onUpgrade) => own.on('upgrade', onUpgrade),
    'a listener in front': (own, onUpgrade) => own.prependListener('upgrade', onUpgrade),
    'a listener, once': (own, onUpgrade) => own.once('upgrade', onUpgrade),
    'a wrapped emit()': (own, onUpgrade, log) => {
      const { emit } = own;
      own.emit = function (event, ...args) {
        if (event === 'upgrade') log.push(['emit', args.length]);
        return emit.call(this, event, ...args);
      };
    },
    'how many listeners there are': (own, onUpgrade, log) => log.push(own.listenerCount('upgrade'))
  };
  for (const [title, prepare] of Object.entries(prepares)) {
    parity(title, (lib) => upgradeWith(lib, prepare));
    parity(`${title}, and a wrong request`, (lib) =>
      upgradeWith(lib, prepare, { 'Sec-WebSocket-Version': '7' })
    );
  }

  parity('no listener', (lib) => upgradeWith(lib, (own) => own.removeAllListeners('upgrade')));
});

parity('listening, address() and the events of the end', async (lib) => {
  const { server } = await start(lib);
  const { _server: own } = server;
  const log = [own.listening, own.address().port === server.address().port];
  own.on('close', () => log.push(['close of it', own.listening]));
  server.on('close', () => log.push('close'));
  await new Promise((resolve) => server.close(resolve));
  log.push(own.listening, own.address(), server.address());
  const late = await new Promise((resolve) => own.close(resolve));
  log.push(describeError(late));
  return log;
});

parity('setTimeout() ends what says nothing', async (lib) => {
  const { server, port } = await start(lib);
  const log = [];
  const timeouts = new Promise((resolve) => {
    log.push(
      server._server.setTimeout(40, (socket) => {
        log.push(['timeout', socket instanceof net.Socket]);
        socket.destroy();
        resolve();
      }) === server._server,
      server._server.timeout
    );
  });
  const silent = new RawClient(port);
  await timeouts;
  await silent.closed;
  log.push(silent.received.toString());
  server._server.removeAllListeners('timeout');
  const another = new RawClient(port);
  await another.closed;
  log.push(another.received.toString());
  server._server.setTimeout(0);
  log.push(server._server.timeout);
  const client = new RawClient(port);
  log.push(await client.upgrade());
  await client.send(bye);
  await client.end();
  await stop(server);
  return log;
});

describe('heads that are under way when the server is closed', () => {
  const upgrade =
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const heads = {
    'of a plain request': ['GET / HT', 'TP/1.1\r\nHost: a\r\n\r\n'],
    'of an upgrade': [upgrade, '\r\n'],
    'of a wrong upgrade': [upgrade.replace('13', '7'), '\r\n'],
    'of what is no HTTP': ['GE', '\0\r\n\r\n'],
    'of which nothing has come yet': ['', `${upgrade}\r\n`]
  };
  for (const [title, [first, rest]] of Object.entries(heads)) {
    const scenario = async (lib) => {
      const { server, port } = await start(lib);
      const { _server: own } = server;
      const client = new RawClient(port);
      await client.connected();
      if (first !== '') await client.send(first);
      await untilConnections(own, 1);
      const closed = new Promise((resolve) => server.close(resolve));
      await client.send(rest);
      await client.until((bytes) => bytes.includes('\r\n\r\n'));
      const [line] = client.received.toString().split('\r\n', 1);
      await client.end();
      await closed;
      return line;
    };
    // Servers of Node.js 26 drop them; a port answers them everywhere.
    if (MAJOR < 26) {
      parity(`${title} are answered`, scenario);
    } else {
      test(`${title} are answered`, async () => {
        expect(await scenario(wsuv)).toMatch(/^HTTP\/1\.1 4\d\d /);
      });
    }
  }

  parity('and nothing is heard of a peer that answers with a reset', async (lib) => {
    const { server, port } = await start(lib);
    const { _server: own } = server;
    const client = new RawClient(port);
    await client.connected();
    await client.send(upgrade);
    await untilConnections(own, 1);
    const closed = new Promise((resolve) => server.close(resolve));
    await client.send('\r\n');
    await client.until((bytes) => bytes.includes('\r\n\r\n'));
    client.socket.resetAndDestroy();
    await closed;
    return 'closed';
  });
});

describe('maxConnections', () => {
  async function connectAll(lib, prepare) {
    const { server, port } = await start(lib);
    const { _server: own } = server;
    own.maxConnections = 2;
    const log = [own.maxConnections];
    const dropped = prepare(own, log);
    const clients = [new RawClient(port), new RawClient(port)];
    for (const client of clients) log.push((await client.upgrade()).split('\r\n', 1)[0]);
    const third = new RawClient(port);
    await third.connected();
    await third.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => {});
    await third.closed;
    log.push(third.received.toString(), (await connections(own))[1], server.clients.size);
    await dropped;
    await clients[0].send(bye);
    await clients[0].end();
    await untilConnections(own, 1);
    const fourth = new RawClient(port);
    log.push((await fourth.upgrade()).split('\r\n', 1)[0]);
    for (const client of [clients[1], fourth]) {
      await client.send(bye);
      await client.end();
    }
    await stop(server);
    return log;
  }

  parity('one more is dropped', (lib) => connectAll(lib, () => {}));
  parity("'drop' tells of it", (lib) =>
    connectAll(lib, (own, log) =>
      once(own, 'drop').then(([data]) => {
        log.push(Object.keys(data), data.localPort === own.address().port, data.remoteFamily);
      })
    )
  );
});

describe('Unix domain sockets', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-'));
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  async function serveAt(lib, where) {
    const server = new lib.WebSocketServer({ port: where });
    await once(server, 'listening');
    const { _server: own } = server;
    const log = [server.address() === where, own.address() === where, own.listening];
    server.on('connection', (ws) => ws.send('hello'));
    const client = new RawClient(where);
    log.push((await client.upgrade()).split('\r\n', 1)[0]);
    await client.until((bytes) => bytes.includes('hello'));
    await client.send(bye);
    await client.end();
    await new Promise((resolve) => server.close(resolve));
    return [...log, own.address(), server.address()];
  }

  parity('at a path', (lib) => serveAt(lib, path.join(folder, 'socket')));

  const names = ['\0wsuv-test', '\0wsuv\0test', `\0${'n'.repeat(107)}`, '\0caf\u00e9'];
  const isLinux = process.platform === 'linux';
  for (const name of isLinux ? names : []) {
    parity(`at the abstract name ${JSON.stringify(name)}`, (lib) => serveAt(lib, name));
  }

  parity('errors', async (lib) => {
    const taken = net.createServer();
    const where = path.join(folder, 'taken');
    await new Promise((resolve) => taken.listen(where, resolve));
    const log = [];
    for (const each of [where, path.join(folder, 'no', 'where')]) {
      const server = new lib.WebSocketServer({ port: each });
      const [error] = await once(server, 'error');
      log.push(describeError(error), server.address());
    }
    await new Promise((resolve) => taken.close(resolve));
    return log;
  });

  const ofLinux = isLinux ? [['that are abstract and too long', `\0${'n'.repeat(120)}`]] : [];
  test.each([
    ['with a NUL', '/tmp/wsuv\0test'],
    ['that are too long', `/tmp/${'n'.repeat(120)}`],
    ...ofLinux
  ])('names %s are errors', async (title, where) => {
    // Depending on its version, Node.js listens at what is in front, or at as much as fits.
    const server = new wsuv.WebSocketServer({ port: where });
    const [error] = await once(server, 'error');
    expect(error.code).toBe('EINVAL');
  });

  if (isLinux) {
    parity('an abstract name is the one that Node.js takes', async (lib) => {
      const servers = ['\0wsuv-exact', '\0wsuv-exact-too'].map(
        (port) => new lib.WebSocketServer({ port })
      );
      await Promise.all(servers.map((server) => once(server, 'listening')));
      const sockets = fs.readFileSync('/proc/net/unix', 'latin1');
      await Promise.all(servers.map(stop));
      return sockets.match(/@wsuv-exact.*$/gm).sort();
    });
  }
});
