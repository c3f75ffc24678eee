'use strict';

// The opening handshake: what requests are answered with, and what the hooks see.

const { once } = require('events');
const http = require('http');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient, upgradeRequest } = require('../helpers/raw-client');
const { bye, describeError, parity, start, stop } = require('./parity');

expectNothingLeftOpen();

// Where requests can come from: a server of its own, an HTTP server, and handleUpgrade() by hand.
const modes = {
  port: (lib, options) => start(lib, options),
  server: async (lib, options) => {
    const web = http.createServer((req, res) => res.end('plain'));
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    const server = new lib.WebSocketServer({ server: web, ...options });
    return { server, port: web.address().port, web };
  },
  noServer: async (lib, options) => {
    const web = http.createServer();
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    const server = new lib.WebSocketServer({ noServer: true, ...options });
    web.on('upgrade', (req, socket, head) =>
      server.handleUpgrade(req, socket, head, (ws) => server.emit('connection', ws, req))
    );
    return { server, port: web.address().port, web };
  }
};

// One request; the response and what the server emitted.
async function ask(lib, mode, { options, headers, line, prepare } = {}) {
  const { server, port, web } = await modes[mode](lib, options);
  const log = [];
  const sockets = [];
  server.on('connection', (ws, req) => {
    log.push([
      'connection',
      ws.protocol,
      ws.extensions,
      ws.readyState,
      ws.url,
      req.url,
      req.method
    ]);
    log.push(req.socket === ws._socket, req.httpVersion, req.headers, req.rawHeaders);
    sockets.push(once(ws, 'close'));
  });
  if (prepare) prepare(server, log);
  const client = new RawClient(port);
  await client.send(upgradeRequest(headers, line));
  await client.until((bytes) => bytes.includes('\r\n\r\n'));
  if (client.received.toString().startsWith('HTTP/1.1 101')) {
    await client.send(bye);
    await client.until((bytes) => bytes.includes(0x88));
    client.end();
  }
  await client.closed;
  await Promise.all(sockets);
  await stop(server);
  if (web) await new Promise((resolve) => web.close(resolve));
  return { log, response: client.received.toString('latin1') };
}

const requests = {
  'a plain request': {},
  'other letter cases': { headers: { Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' } },
  'the version 8': { headers: { 'Sec-WebSocket-Version': '8' } },
  'the version 7': { headers: { 'Sec-WebSocket-Version': '7' } },
  'no version': { headers: { 'Sec-WebSocket-Version': undefined } },
  'no key': { headers: { 'Sec-WebSocket-Key': undefined } },
  'a short key': { headers: { 'Sec-WebSocket-Key': 'abc' } },
  'a key with a bad character': { headers: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j-Q==' } },
  'another upgrade': { headers: { Upgrade: 'h2c' } },
  'one subprotocol': { headers: { 'Sec-WebSocket-Protocol': 'chat' } },
  'several subprotocols': { headers: { 'Sec-WebSocket-Protocol': 'a, b,c' } },
  'a subprotocol twice': { headers: { 'Sec-WebSocket-Protocol': 'a, a' } },
  'a subprotocol that is no token': { headers: { 'Sec-WebSocket-Protocol': 'a b' } },
  'an empty subprotocol': { headers: { 'Sec-WebSocket-Protocol': 'a,,b' } },
  'a list that ends with a comma': { headers: { 'Sec-WebSocket-Protocol': 'a,' } },
  'an extension, which is off': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } },
  'other headers': { headers: { Cookie: 'a=b', 'X-Latin': 'caf\u00e9', 'x-a': '1', 'X-A': '2' } },
  'the right path': { options: { path: '/here' }, line: { path: '/here' } },
  'the right path with a query': { options: { path: '/here' }, line: { path: '/here?there' } },
  'another path': { options: { path: '/here' }, line: { path: '/there' } },
  'handleProtocols that chooses': {
    options: { handleProtocols: (protocols) => [...protocols].pop() },
    headers: { 'Sec-WebSocket-Protocol': 'a, b' }
  },
  'handleProtocols that refuses': {
    options: { handleProtocols: () => false },
    headers: { 'Sec-WebSocket-Protocol': 'a, b' }
  },
  'handleProtocols set late': {
    headers: { 'Sec-WebSocket-Protocol': 'a, b' },
    prepare: (server) => (server.options.handleProtocols = () => 'late')
  },
  'verifyClient that agrees': { options: { verifyClient: () => true } },
  'verifyClient that refuses': { options: { verifyClient: () => false } },
  'verifyClient that agrees later': {
    options: { verifyClient: (info, decide) => setImmediate(decide, true) }
  },
  'verifyClient that refuses later': {
    options: { verifyClient: (info, decide) => setImmediate(decide, false) }
  },
  'verifyClient with a code': { options: { verifyClient: (info, decide) => decide(false, 404) } },
  'verifyClient with code, message and headers': {
    options: {
      verifyClient: (info, decide) => decide(false, 401, 'who?', { 'WWW-Authenticate': 'Basic' })
    }
  },
  'a changed shouldHandle': { prepare: (server) => (server.shouldHandle = () => false) },
  "'headers' listeners": {
    headers: { 'Sec-WebSocket-Protocol': 'p' },
    prepare: (server, log) =>
      server.on('headers', (headers, req) => {
        log.push(['headers', [...headers], req.url]);
        headers.push('X-Added: \u00e9\u20ac');
      })
  },
  'what verifyClient is told': {
    headers: { Origin: 'http://example.com' },
    prepare: (server, log) => {
      server.options.verifyClient = ({ origin, secure, req }) =>
        log.push([origin, secure, req.url]);
    }
  },
  'the origin in version 8': {
    headers: { 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Origin': 'http://old.example' },
    prepare: (server, log) => {
      server.options.verifyClient = ({ origin }) => log.push(origin);
    }
  },
  "'wsClientError' for the key": {
    headers: { 'Sec-WebSocket-Key': 'no' },
    prepare: (server, log) =>
      server.on('wsClientError', (error, socket, req) => {
        log.push([describeError(error), req.url, socket === req.socket]);
        socket.end('HTTP/1.1 418 Teapot\r\n\r\n');
      })
  },
  "'wsClientError' for the subprotocol": {
    headers: { 'Sec-WebSocket-Protocol': ',' },
    prepare: (server, log) =>
      server.on('wsClientError', (error, socket) => {
        log.push(describeError(error));
        socket.end('HTTP/1.1 418 Teapot\r\n\r\n');
      })
  },
  'a subclass as WebSocket': {
    prepare: (server, log) => {
      class Mine extends server.options.WebSocket {}
      server.options.WebSocket = Mine;
      server.on('connection', (ws) => log.push(ws instanceof Mine));
    }
  }
};

describe.each(Object.keys(modes))('mode %s', (mode) => {
  for (const [title, request] of Object.entries(requests)) {
    parity(title, (lib) => ask(lib, mode, request));
  }
});

parity('a second handleUpgrade() of the same socket throws', async (lib) => {
  const { server, port, web } = await modes.noServer(lib, {});
  const thrown = new Promise((resolve) => {
    web.on('upgrade', (req, socket, head) => {
      try {
        server.handleUpgrade(req, socket, head, () => {});
      } catch (error) {
        resolve(describeError(error));
      }
    });
  });
  const client = new RawClient(port);
  await client.upgrade();
  const error = await thrown;
  await client.end();
  await stop(server);
  await new Promise((resolve) => web.close(resolve));
  return error;
});

parity('frames in the same packet as the request', async (lib) => {
  const records = [];
  for (const mode of Object.keys(modes)) {
    const { server, port, web } = await modes[mode](lib, {});
    const client = new RawClient(port);
    const log = [];
    server.on('connection', (ws) => {
      ws.on('message', (data) => log.push(data.toString()));
      ws.on('close', (code) => log.push(code));
    });
    await client.send(upgradeRequest(), frame('text', 'with it'), bye);
    await client.until((bytes) => bytes.includes(0x88));
    await client.end();
    await stop(server);
    if (web) await new Promise((resolve) => web.close(resolve));
    records.push(log, client.received.toString('latin1'));
  }
  return records;
});

parity('two servers on one HTTP server, by path', async (lib) => {
  const web = http.createServer();
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const log = [];
  const servers = ['/a', '/b'].map((path) => {
    const server = new lib.WebSocketServer({ noServer: true, path });
    server.on('connection', (ws) => ws.send(`from ${path}`));
    return server;
  });
  web.on('upgrade', (req, socket, head) => {
    const server = servers.find((candidate) => candidate.shouldHandle(req));
    if (server === undefined) socket.destroy();
    else server.handleUpgrade(req, socket, head, (ws) => server.emit('connection', ws, req));
  });
  for (const path of ['/a', '/b', '/c']) {
    const client = new RawClient(web.address().port);
    await client.send(upgradeRequest({}, { path }));
    await client.until((bytes) => bytes.includes('from'));
    log.push(client.received.toString('latin1'));
    await client.end();
  }
  await Promise.all(servers.map(stop));
  await new Promise((resolve) => web.close(resolve));
  return log;
});
