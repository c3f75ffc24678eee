'use strict';

const { execFile } = require('child_process');
const { once } = require('events');
const http = require('http');
const os = require('os');
const path = require('path');
const { promisify } = require('util');

const WS = require('ws');

const { WebSocket, WebSocketServer } = require('..');
const { sockets } = require('../lib/native/dispatch');
const { kSocket } = require('../lib/symbols');
const { closeFrame, frame } = require('./helpers/frames');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');
const { RawClient, upgradeRequest } = require('./helpers/raw-client');
const {
  startEchoServer,
  startServer,
  stopServer,
  stopServersAfterEach
} = require('./helpers/servers');

stopServersAfterEach();
expectNothingLeftOpen();

test('it gives connections a request that looks like one of the http module', async () => {
  const server = await startServer();
  const connection = once(server, 'connection');
  const client = new RawClient(server.port);
  await client.upgrade({ 'X-Twice': 'a', Cookie: 'b=c' }, { path: '/p?q=1' });
  const [ws, req] = await connection;
  expect(req).toBeInstanceOf(http.IncomingMessage);
  expect(req.url).toBe('/p?q=1');
  expect(req.method).toBe('GET');
  expect(req.httpVersion).toBe('1.1');
  expect(req.headers).toMatchObject({ host: 'localhost', cookie: 'b=c', 'x-twice': 'a' });
  expect(req.rawHeaders).toContain('X-Twice');
  expect(req.socket).toBe(ws._socket);
  expect(req.socket.remoteAddress).toBe('127.0.0.1');
  expect(req.socket.remotePort).toBe(client.socket.localPort);
  expect(req.socket.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: server.port });
  await client.end();
});

test('it knows the addresses of a connection after its end', async () => {
  const server = await startServer();
  const connection = once(server, 'connection');
  const client = new RawClient(server.port);
  await client.upgrade();
  const [ws, req] = await connection;
  expect(req.socket.remoteFamily).toBe('IPv4');
  client.end();
  await once(ws, 'close');
  expect(req.socket.remoteAddress).toBe('127.0.0.1');
  expect(req.socket.destroyed).toBe(true);
});

test('it listens on all addresses by default, and on a Unix socket', async () => {
  const server = new WebSocketServer({ port: 0 });
  await once(server, 'listening');
  expect(server.address().address).toBe('::');
  const client = new WS(`ws://127.0.0.1:${server.address().port}`);
  await once(client, 'open');
  client.close();
  await once(client, 'close');
  await stopServer(server);

  const file = path.join(os.tmpdir(), `wsuv-${process.pid}.sock`);
  const unix = new WebSocketServer({ port: file });
  unix.on('connection', (ws) => ws.send('over a file'));
  await once(unix, 'listening');
  const raw = new RawClient(file);
  await raw.upgrade();
  expect((await raw.read(13)).subarray(2).toString()).toBe('over a file');
  await raw.end();
  await stopServer(unix);
});

test('it resolves host names and reports those that there are not', async () => {
  const server = new WebSocketServer({ port: 0, host: 'localhost' });
  await once(server, 'listening');
  await stopServer(server);
  const nowhere = new WebSocketServer({ port: 0, host: 'no-such-host.invalid' });
  const [error] = await once(nowhere, 'error');
  expect(error.syscall).toBe('getaddrinfo');
});

test('it refuses a head that does not come in time', async () => {
  const server = await startServer({ handshakeTimeout: 50 });
  const client = new RawClient(server.port);
  await client.send('GET / HTTP/1.1\r\n');
  await client.closed;
  expect(client.received.toString()).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
});

test('it waits for a head without a limit where that is 0, and hardly at all past what timers take', async () => {
  const patient = await startServer({ handshakeTimeout: 0 });
  const hasty = await startServer({ handshakeTimeout: 2 ** 31 });
  const request = upgradeRequest();
  const client = new RawClient(patient.port);
  await client.send(request.slice(0, 20));
  for (let i = 0; i < 3; i++) {
    const other = new RawClient(hasty.port);
    await other.send(request.slice(0, 20));
    await other.closed;
    expect(other.received.toString()).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  }
  await client.send(request.slice(20));
  expect(await client.response()).toMatch(/^HTTP\/1.1 101 /);
  await client.end();
});

test('servers of one process have limits of their own', async () => {
  // Each differs from the one before it in one option.
  const tight = await startServer({ maxPayload: 10 });
  const wide = await startServer({ maxPayload: 1000 });
  const brief = await startServer({ maxPayload: 1000, closeTimeout: 50 });
  const errors = [];
  const messages = [];
  tight.on('connection', (ws) => ws.on('error', ({ code }) => errors.push(code)));
  for (const server of [wide, brief]) {
    server.on('connection', (ws) => {
      ws.on('message', (data) => {
        messages.push(data.length);
        ws.send('got it');
        // The client does not answer.
        if (server === brief) ws.close();
      });
    });
  }
  const closed = new Promise((resolve) =>
    brief.on('connection', (ws) => ws.on('close', (code) => resolve(code)))
  );
  const message = frame('binary', Buffer.alloc(100));
  const clients = [];
  // In turn, so that neither gets what the other one has just had.
  for (const { port } of [tight, wide, brief, tight]) {
    const client = new RawClient(port);
    clients.push(client);
    await client.upgrade();
    await client.send(message);
    await client.until((bytes) => bytes.length > 0);
  }
  expect(errors).toEqual(Array(2).fill('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'));
  expect(messages).toEqual([100, 100]);
  expect(await closed).toBe(1006);
  await Promise.all(clients.map((client) => client.end()));
});

test('it answers 405 with Allow and 426 with what it speaks', async () => {
  const server = await startServer();
  const post = new RawClient(server.port);
  expect(await post.upgrade({}, { method: 'POST' })).toMatch(
    /^HTTP\/1.1 405 [^]*\r\nAllow: GET\r\n/
  );
  const plain = new RawClient(server.port);
  const response = await plain.upgrade({ Upgrade: undefined, Connection: 'keep-alive' });
  expect(response).toMatch(/^HTTP\/1.1 426 Upgrade Required\r\n/);
  expect(response).toMatch(/\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13, 8\r\n/);
  await Promise.all([post.closed, plain.closed]);
});

test('an asynchronous verifyClient holds back the first messages, not the others', async () => {
  const decisions = [];
  const server = await startServer({
    verifyClient: (info, decide) => decisions.push(decide)
  });
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(data, { binary: false })));
  const client = new RawClient(server.port);
  await client.send(upgradeRequest(), frame('text', 'early'));
  while (decisions.length === 0) await new Promise(setImmediate);
  decisions[0](true);
  await client.response();
  expect(await client.read(7)).toEqual(frame('text', 'early', { masked: false }));
  await client.end();
});

test('a client that leaves while verifyClient decides does no harm', async () => {
  const decisions = [];
  const server = await startServer({ verifyClient: (info, decide) => decisions.push(decide) });
  const client = new RawClient(server.port);
  await client.send(upgradeRequest());
  while (decisions.length === 0) await new Promise(setImmediate);
  await client.reset();
  await new Promise((resolve) => setTimeout(resolve, 20));
  decisions[0](true);
  const other = new RawClient(server.port);
  await other.send(upgradeRequest());
  while (decisions.length === 1) await new Promise(setImmediate);
  decisions[1](false, 403, 'no');
  expect(await other.response()).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
  await other.closed;
});

test('what is written to the socket goes out between the frames', async () => {
  const server = await startServer();
  const connection = once(server, 'connection');
  const client = new RawClient(server.port);
  await client.upgrade();
  const [ws, req] = await connection;
  expect(req.url).toBe('/');
  ws.send('1');
  await new Promise((resolve) =>
    req.socket.write(frame('text', 'raw', { masked: false }), resolve)
  );
  ws.send('2');
  expect((await client.read(11)).toString('latin1')).toBe('\x81\x011\x81\x03raw\x81\x012');
  ws._socket.end();
  await client.closed;
  await once(ws, 'close');
});

test('a request that is first looked at after the end says what it was', async () => {
  const server = await startServer();
  const connection = once(server, 'connection');
  const client = new RawClient(server.port);
  await client.upgrade({}, { path: '/late' });
  const [ws, req] = await connection;
  client.end();
  await once(ws, 'close');
  expect(req.url).toBe('/late');
  expect(req.headers.host).toBe('localhost');
  expect(req.socket.remoteAddress).toBe(undefined);
  await once(req.socket, 'close');
  expect(req.socket.destroyed).toBe(true);
});

test("the socket of an upgrade that is not taken up ends with 'close'", async () => {
  const requests = [];
  const server = await startServer({
    verifyClient: ({ req }, decide) => requests.push({ socket: req.socket, decide })
  });
  for (const end of ['refused', 'left']) {
    const client = new RawClient(server.port);
    await client.send(upgradeRequest());
    while (requests.length === 0) await new Promise(setImmediate);
    const { socket, decide } = requests.pop();
    // Not once(): that rejects for 'error'.
    const closed = new Promise((resolve) => socket.on('close', resolve));
    if (end === 'refused') decide(false);
    else client.reset();
    await closed;
    expect(socket.destroyed).toBe(true);
    await client.closed;
  }
});

test('close() lets the connections that there are go on', async () => {
  const server = await startEchoServer();
  const client = new RawClient(server.port);
  await client.upgrade();
  let closed = false;
  const end = new Promise((resolve) => server.close(() => resolve((closed = true))));
  await client.send(frame('text', 'still'));
  expect(await client.read(7)).toEqual(frame('text', 'still', { masked: false }));
  expect(closed).toBe(false);
  await client.send(closeFrame(1000));
  await client.closed;
  await end;
  await expect(
    new RawClient(server.port).connected().then(
      () => 'connected',
      (error) => error.code
    )
  ).resolves.toBe('ECONNREFUSED');
});

test('microtasks and ticks of one connection run before the handlers of the next', async () => {
  const server = await startServer();
  const order = [];
  server.on('connection', (ws) => {
    ws.on('message', (data) => {
      order.push(`message ${data}`);
      Promise.resolve().then(() => order.push(`promise ${data}`));
    });
  });
  const clients = [new RawClient(server.port), new RawClient(server.port)];
  await Promise.all(clients.map((client) => client.upgrade()));
  await Promise.all(clients.map((client, i) => client.send(frame('text', String(i)))));
  await Promise.all(clients.map((client) => client.end()));
  while (order.length < 4) await new Promise(setImmediate);
  expect(order[1]).toBe(order[0].replace('message', 'promise'));
});

test('several servers in one process do not see each other', async () => {
  const servers = await Promise.all([startEchoServer(), startEchoServer(), startEchoServer()]);
  for (const server of servers) {
    const client = new RawClient(server.port);
    await client.upgrade();
    await client.send(frame('text', 'x'), closeFrame(1000));
    await client.closed;
  }
  await Promise.all(servers.map(stopServer));
  expect(servers.map((server) => server.clients.size)).toEqual([0, 0, 0]);
});

test('the classes are those of the package', () => {
  expect(new WebSocketServer({ noServer: true }).options.WebSocket).toBe(WebSocket);
  expect(WebSocket.Server).toBe(WebSocketServer);
});

describe('verifyClient that gives a promise', () => {
  const answers = {
    'of true': [async () => true, 101],
    'of something true': [async () => 'yes', 101],
    'of false': [async () => false, 401],
    'of nothing': [async () => {}, 401],
    'that is rejected': [async () => Promise.reject(new Error('no')), 401],
    'of another kind': [() => ({ then: (resolve) => setImmediate(resolve, true) }), 101]
  };
  const modes = {
    'on a port': async (verifyClient) => (await startServer({ verifyClient })).port,
    'on an HTTP server': async (verifyClient) => {
      const web = http.createServer();
      const server = new WebSocketServer({ server: web, verifyClient });
      web.on('close', () => server.close());
      await new Promise((resolve) => web.listen(0, resolve));
      webs.push(web);
      return web.address().port;
    }
  };
  const webs = [];
  afterEach(() =>
    Promise.all(webs.splice(0).map((web) => new Promise((resolve) => web.close(resolve))))
  );

  const cases = Object.keys(modes).flatMap((mode) =>
    Object.entries(answers).map(([title, [verifyClient, status]]) => [
      title,
      mode,
      verifyClient,
      status
    ])
  );
  test.each(cases)('%s, %s', async (title, mode, verifyClient, status) => {
    const client = new RawClient(await modes[mode](verifyClient));
    const response = await client.upgrade();
    expect(response).toContain(`HTTP/1.1 ${status} `);
    await client.end();
  });

  test('what a listener throws afterwards is an uncaught exception, and no rejection', async () => {
    const script = `
      const { WebSocketServer } = require(${JSON.stringify(path.join(__dirname, '..'))});
      const wss = new WebSocketServer({ port: 0, verifyClient: async () => true });
      wss.on('connection', (ws) => { ws.terminate(); throw new Error('of the listener'); });
      process.on('uncaughtException', (error, origin) => {
        console.log(error.message, origin);
        wss.close();
      });
      wss.on('listening', () => {
        require('net').connect(wss.address().port).resume().write(${JSON.stringify(upgradeRequest())});
      });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
    expect(stdout).toBe('of the listener uncaughtException\n');
  });
});

// If these fail, handshakes on a port take the long way for nothing, and idle connections twice the
// memory; or a hook is passed by.
describe('a handshake on a port makes a socket', () => {
  const cases = {
    never: [{}, false],
    'not for a path': [{ path: '/' }, false],
    'not for compression': [{ perMessageDeflate: true }, false],
    'not for a class of their own': [{ WebSocket: class extends WebSocket {} }, false],
    'not for verifyClient': [
      {
        verifyClient: ({ req }) => {
          req.user = req.url;
          req.on('close', () => {});
          return true;
        }
      },
      false
    ],
    'not for verifyClient that decides at once': [
      { verifyClient: (info, decide) => decide(true) },
      false
    ],
    'not for handleProtocols': [{ handleProtocols: (protocols, req) => req.url && 'a' }, false],
    'for verifyClient that decides later': [
      { verifyClient: (info, decide) => setImmediate(decide, true) },
      true
    ],
    'for a verifyClient that asks for it': [
      { verifyClient: ({ req }) => req.socket.remotePort > 0 },
      true
    ],
    'for a setSocket() of their own': [
      {
        WebSocket: class extends WebSocket {
          setSocket(...args) {
            super.setSocket(...args);
          }
        }
      },
      true
    ]
  };
  test.each(Object.entries(cases))('%s', async (title, [options, expected]) => {
    const server = await startServer(options);
    const connection = once(server, 'connection');
    const client = new RawClient(server.port);
    await client.upgrade({
      'Sec-WebSocket-Extensions': 'permessage-deflate',
      'Sec-WebSocket-Protocol': 'a, b'
    });
    const [ws] = await connection;
    expect(ws[kSocket] !== null).toBe(expected);
    await client.end();
  });

  const refusals = {
    'not to refuse another path': [{ path: '/other' }],
    'not to refuse wrong subprotocols': [{}, { 'Sec-WebSocket-Protocol': 'a,,b' }],
    'not to refuse wrong extensions': [
      { perMessageDeflate: true },
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; a' }
    ],
    'not to refuse a wrong key': [{}, { 'Sec-WebSocket-Key': 'a' }],
    'not to refuse what verifyClient does not want': [{ verifyClient: () => false }]
  };
  test.each(Object.entries(refusals))('%s', async (title, [options, headers]) => {
    const server = await startServer(options);
    const made = jest.spyOn(sockets, 'set');
    const client = new RawClient(server.port);
    await client.upgrade(headers);
    await client.closed;
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();
  });

  test('not for who looks at the request, but its socket', async () => {
    const server = await startServer();
    const connection = once(server, 'connection');
    const client = new RawClient(server.port);
    await client.upgrade({}, { path: '/p' });
    const [ws, req] = await connection;
    expect([req.url, req.headers.host, 'socket' in req]).toEqual(['/p', 'localhost', true]);
    expect(ws[kSocket]).toBeNull();
    expect(req.connection).toBe(ws._socket);
    expect(ws[kSocket]).not.toBeNull();
    await client.end();
  });
});
