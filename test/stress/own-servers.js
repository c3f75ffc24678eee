'use strict';

// Random operations inside the handlers of wsuv/nodejs-websocket, MyWebsocket and myWebsocket(), while raw
// peers speak, lie, stop reading and die at any byte: node test/stress/own-servers.js SECONDS [SEED].
// Whatever happens, each connection ends once, peers get whole frames in an order that RFC 6455 allows,
// nothing throws but what is meant to, and at the end nothing is left.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');

const native = require('../../lib/native/addon');
const { usesStreams } = require('../../lib/link/transport');
const nodejsWebsocket = require('../../lib/nodejs-websocket');
const { MyWebsocket, myWebsocket } = require('../..');
const { closeFrame, frame: frameOf } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');
const { Intended } = require('./operations');
const { Random } = require('./random');

const seconds = Number(process.argv[2] || 20);
const seed = Number(process.argv[3] || Date.now() % 1e9);
const random = new Random(seed);
const PEERS = 40;
const counts = {
  peers: 0,
  clients: 0,
  connections: 0,
  texts: 0,
  binaries: 0,
  errors: 0,
  thrown: 0,
  closed: 0
};
const problems = [];

process.on('uncaughtException', (error) => {
  if (error instanceof Intended) counts.thrown++;
  // What is piped into a stream that another handler has ended: nobody but these programs ends them.
  else if (error.code === 'ERR_STREAM_WRITE_AFTER_END') counts.errors++;
  else problems.push(error?.stack ?? String(error));
});

function check(condition, what) {
  if (!condition) problems.push(what);
}

// What a program can call, with what it may not pass among it.
const VALUES = [
  undefined,
  null,
  5,
  {},
  Symbol('x'),
  'text',
  Buffer.from('bytes'),
  true,
  () => {},
  -1
];

function attempt(action) {
  try {
    return action();
  } catch (error) {
    const isTheirs = ['TypeError', 'RangeError'].includes(error?.name);
    if (!isTheirs && !/^(You can't|Cannot convert|.*is not iterable)/.test(error?.message))
      throw error;
    counts.errors++;
    return undefined;
  }
}

function payload() {
  return random.oneIn(2) ? 'é'.repeat(random.size() >> 1) : Buffer.alloc(random.size(), 1);
}

const open = new Set();
const everyone = new Set();
const alive = new Set();

const STEPS = {
  sendText: (c) => c.sendText(String(payload())),
  sendBinary: (c) => c.sendBinary(Buffer.from(payload()), () => operate(c)),
  send: (c) => c.send(payload()),
  ping: (c) => c.sendPing('x'.repeat(random.below(130))),
  begin(c) {
    const stream = c.beginBinary();
    if (stream === undefined) return;
    stream.on('finish', () => operate(c));
    if (random.oneIn(2)) stream.on('error', () => operate(c));
  },
  write: (c) => c.outStream?.write(Buffer.alloc(random.below(300), 2)),
  end: (c) => c.outStream?.end(),
  destroyStream: (c) => c.outStream?.destroy(random.oneIn(2) ? undefined : ignored(c.outStream)),
  close: (c) =>
    c.close(random.of([undefined, 1000, 1005, 4000, 1006, 5]), random.of([undefined, 'x'])),
  destroy: (c) => c.socket.destroy(),
  endSocket: (c) => c.socket.end(),
  // A socket of Node's that is shutting down when it is reset never closes: not where Node writes, as it
  // does until a client has its answer.
  reset: (c) => usesStreams || c.readyState !== c.OPEN || c.socket.resetAndDestroy?.(),
  pause: (c) => (c.socket.pause(), setImmediate(() => c.socket.resume())),
  wrong: (c) =>
    c[random.of(['sendText', 'sendBinary', 'send', 'sendPing', 'close'])](
      random.of(VALUES),
      random.of(VALUES)
    ),
  other: () => operate(random.of([...open])),
  throws() {
    throw new Intended('as intended');
  },
  // (A client that nobody listens to throws where it cannot connect.)
  deaf: (c) => c.server && c.removeAllListeners('error'),
  nothing() {}
};
const WEIGHTS = {
  sendText: 8,
  sendBinary: 8,
  send: 5,
  ping: 4,
  begin: 6,
  write: 10,
  end: 6,
  destroyStream: 2,
  close: 2,
  destroy: 1,
  endSocket: 1,
  reset: 1,
  pause: 2,
  wrong: 4,
  other: 6,
  throws: 2,
  deaf: 1,
  nothing: 20
};

// An error that a stream is destroyed with is the program's own: somebody listens.
function ignored(stream) {
  stream?.on('error', () => {});
  return new Error('of the program');
}

// What was done to a connection, and what it has told, last.
const pasts = new WeakMap();
const PAST = 25;

function note(connection, what) {
  const past = pasts.get(connection) ?? [];
  pasts.set(connection, past);
  past.push(what);
  if (past.length > PAST) past.shift();
}

function described(connection) {
  const side = connection.server === null ? 'client' : 'server';
  const { readyState, socket } = connection;
  const { destroyed, encrypted = false } = socket;
  return JSON.stringify({ side, readyState, destroyed, encrypted, past: pasts.get(connection) });
}

let depth = 0;
function operate(connection) {
  if (connection === undefined || depth > 4) return;
  depth++;
  try {
    const step = random.weighted(WEIGHTS);
    note(connection, step);
    attempt(() => STEPS[step](connection));
  } finally {
    depth--;
  }
}

function watch(connection) {
  counts.connections++;
  open.add(connection);
  everyone.add(connection);
  let ends = 0;
  if (connection.server === null || !random.oneIn(5)) {
    connection.on('error', () => operate(connection));
  }
  for (const event of ['text', 'binary', 'pong', 'close']) {
    connection.on(event, () => note(connection, `'${event}'`));
  }
  connection.on('text', (text) => {
    counts.texts++;
    check(typeof text === 'string' && ends === 0, 'a text after the end');
    operate(connection);
  });
  connection.on('binary', (stream) => {
    counts.binaries++;
    check(ends === 0, 'a binary message after the end');
    stream.on('close', () => operate(connection));
    const way = random.below(5);
    if (way === 0) stream.on('data', () => operate(connection));
    else if (way === 1) attempt(() => stream.pipe(connection.beginBinary()));
    else if (way === 2) stream.destroy();
    else if (way === 3) setImmediate(() => stream.resume());
    else stream.on('data', () => {}).on('error', () => operate(connection));
    operate(connection);
  });
  connection.on('pong', () => operate(connection));
  connection.on('close', () => {
    check(++ends === 1, 'two ends');
    counts.closed++;
    open.delete(connection);
    check(!connection.server?.connections.includes(connection), 'still among the connections');
    operate(connection);
  });
  operate(connection);
}

// A peer: everything that it sends may be cut anywhere, and it dies at any moment.
async function peer(where) {
  counts.peers++;
  const client = new RawClient(where.port, { secure: where.isSecure });
  const life = { port: where.port, at: 'the handshake' };
  alive.add(life);
  const reader = new FrameOrder();
  await client.upgrade();
  client.socket.removeAllListeners('data');
  reader.take(client.received);
  client.socket.on('data', (chunk) => {
    reader.take(chunk);
    if (random.oneIn(30)) {
      client.socket.pause();
      setImmediate(() => client.socket.resume());
    }
  });
  for (let i = random.below(30); i > 0 && !client.isClosed; i--) {
    let bytes = Buffer.concat(Array.from({ length: 1 + random.below(4) }, () => said()));
    if (random.oneIn(15)) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    if (random.oneIn(15)) bytes = bytes.subarray(0, random.below(bytes.length));
    client.socket.write(bytes);
    if (random.oneIn(3)) await new Promise(setImmediate);
  }
  const way = random.below(4);
  if (way === 0 && !where.isSecure) client.socket.resetAndDestroy();
  else if (way === 1) client.socket.end();
  else client.socket.end(closeFrame(random.of([undefined, 1000, 4000])));
  client.socket.resume();
  // A server that waits for the rest of a frame that was cut waits for ever.
  const timer = setTimeout(() => client.socket.destroy(), 100);
  life.at = 'the end';
  await client.closed;
  clearTimeout(timer);
  alive.delete(life);
}

function said(options = {}) {
  const frame = (type, bytes, more) => frameOf(type, bytes, { ...options, ...more });
  switch (random.below(8)) {
    case 0:
      return frame('ping', 'x'.repeat(random.below(126)));
    case 1:
      return frame('pong', 'x'.repeat(random.below(126)));
    case 2:
    case 3: {
      const type = random.of(['text', 'binary']);
      return Buffer.concat([
        frame(type, 'x'.repeat(random.below(300)), { fin: false }),
        frame('ping', 'within'),
        frame('continuation', 'x'.repeat(random.below(300)), { fin: random.oneIn(2) }),
        ...(random.oneIn(2) ? [frame('continuation', 'x')] : [])
      ]);
    }
    case 4:
      return frame('binary', Buffer.alloc(random.size(), 3));
    case 5:
      return random.oneIn(5) ? closeFrame(1000, '', options) : frame('text', '');
    default:
      return frame('text', 'é'.repeat(random.size() >> 1));
  }
}

/** Checks that a server's frames are whole, plain, and in an order that is allowed. */
class FrameOrder {
  #rest = Buffer.alloc(0);
  #isWithin = false;
  #isClosed = false;

  take(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const bytes = this.#rest;
      if (bytes.length < 2) return;
      let [, size] = bytes;
      check(size < 128 && (bytes[0] & 0x70) === 0, 'a mask, or a reserved bit');
      let start = 2;
      if (size >= 126) {
        start = size === 126 ? 4 : 10;
        if (bytes.length < start) return;
        size = start === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      }
      if (bytes.length < start + size) return;
      this.#rest = bytes.subarray(start + size);
      this.#judge(bytes[0] & 15, bytes[0] >= 128, size);
    }
  }

  #judge(opcode, isLast, size) {
    check(!this.#isClosed, `opcode ${opcode} behind a close frame`);
    if (opcode >= 8) {
      check(isLast && size <= 125 && opcode <= 10, 'a wrong control frame');
      this.#isClosed = opcode === 8;
    } else {
      check(opcode <= 2 && (opcode === 0) === this.#isWithin, `opcode ${opcode} out of order`);
      this.#isWithin = !isLast;
    }
  }
}

// A server that lies, for clients of nodejs-websocket's.
async function listenHostile() {
  const server = net.createServer((socket) => {
    let head = '';
    socket.on('error', () => {});
    socket.on('data', async (chunk) => {
      if (head.endsWith('\r\n\r\n')) return;
      head += chunk.toString('latin1');
      const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1];
      if (key === undefined) return;
      head = '\r\n\r\n';
      let answer = Buffer.from(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${native.acceptValue(key)}\r\n\r\n`
      );
      if (random.oneIn(8)) answer[random.below(answer.length)] ^= 1 << random.below(8);
      if (random.oneIn(20)) answer = answer.subarray(0, random.below(answer.length));
      socket.write(answer);
      for (let i = random.below(10); i > 0 && !socket.destroyed; i--) {
        const bytes = said({ masked: false });
        if (random.oneIn(15)) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
        socket.write(bytes);
        if (random.oneIn(2)) await new Promise(setImmediate);
      }
      const way = random.below(4);
      if (way < 2) socket.end(closeFrame(1000, '', { masked: false }));
      else if (way === 2) socket.resetAndDestroy();
      else socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function visit(port) {
  counts.clients++;
  const connection = nodejsWebsocket.connect(`ws://127.0.0.1:${port}/`);
  const closed = new Promise((resolve) => connection.socket.once('close', resolve));
  try {
    watch(connection);
  } catch (error) {
    if (!(error instanceof Intended)) throw error;
    counts.thrown++;
  }
  const timer = setTimeout(() => connection.socket.destroy(), 200);
  await closed;
  clearTimeout(timer);
}

// What serves: each gives its port, and closes.

async function listenWithNodejsWebsocket(options) {
  const server = nodejsWebsocket.createServer(options, watch).listen(0, '127.0.0.1');
  server.on('error', (error) => problems.push(String(error)));
  await once(server, 'listening');
  return {
    port: server.socket.address().port,
    isSecure: options.secure,
    left: () => server.socket._connections,
    async close() {
      // Those, too, that wait for the peer's close frame behind a stream that nobody reads.
      for (const connection of everyone) connection.socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      for (let turns = 0; server.connections.length > 0 && turns < 1000; turns++) {
        await new Promise(setImmediate);
      }
      check(server.connections.length === 0, 'connections of a server that is closed');
    }
  };
}

// A MyWebsocket's handlers do something to it now and then.
function meddle(server) {
  const step = random.below(40);
  if (step === 0) throw new Intended('as intended');
  else if (step === 1) random.of([...server.peers])?.terminate();
  else if (step === 2) random.of([...server.peers])?.close(1000);
  else if (step < 6) server.send(payload(), () => {});
  else if (step < 8)
    attempt(() => server.send(random.of(VALUES), random.of(VALUES), random.of(VALUES)));
}

function watchMine(server) {
  for (const event of ['connection', 'data', 'close', 'error']) {
    server.on(event, () => meddle(server));
  }
  return server;
}

async function closeMine(server) {
  for (const one of server.peers) one.terminate();
  await new Promise((resolve) => server.close(1000, '', resolve));
  // As under ws, a server's 'close' may come before those of its connections.
  for (let turns = 0; server.peers.size > 0 && turns < 1000; turns++) {
    await new Promise(setImmediate);
  }
  check(server.peers.size === 0, 'peers of a server that is closed');
}

async function listenWithMine(make) {
  const server = watchMine(make());
  await once(server, 'listening');
  return { port: server.address().port, close: () => closeMine(server) };
}

async function listenWithUpgrades() {
  const web = http.createServer();
  const mine = new Set();
  web.on('upgrade', (req, socket, head) => {
    const connection = watchMine(new MyWebsocket(req, socket, head));
    mine.add(connection);
    connection.on('close', () => mine.delete(connection));
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  return {
    port: web.address().port,
    async close() {
      for (const server of mine) for (const one of server.peers) one.terminate();
      await new Promise((resolve) => web.close(resolve));
    }
  };
}

async function main() {
  nodejsWebsocket.setBinaryFragmentation(256);
  nodejsWebsocket.setMaxBufferLength(20000);
  const helpers = path.join(__dirname, '..', 'helpers');
  const tls = {
    secure: true,
    key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
    cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
  };
  const callback = (data, sendText) => {
    if (random.oneIn(30)) throw new Intended('as intended');
    sendText(data);
    if (random.oneIn(10)) setImmediate(sendText, data);
  };
  const servers = await Promise.all([
    listenWithNodejsWebsocket({}),
    listenWithNodejsWebsocket(tls),
    listenWithMine(() => new MyWebsocket({ port: 0, host: '127.0.0.1', maxPayload: 100000 })),
    listenWithMine(() => myWebsocket({ port: 0, host: '127.0.0.1', maxPayload: 100000, callback })),
    listenWithUpgrades()
  ]);
  const hostile = await listenHostile();
  const end = Date.now() + seconds * 1000;
  const patience = setTimeout(
    () => {
      console.error(`seed ${seed}: peers that do not end: ${[...alive].map(JSON.stringify)}`);
      process.exit(1);
    },
    seconds * 1000 + 20000
  );
  await Promise.all(
    Array.from({ length: PEERS }, async () => {
      while (Date.now() < end && problems.length === 0) {
        if (random.oneIn(4)) await visit(hostile.address().port);
        else await peer(random.of(servers));
      }
    })
  );
  clearTimeout(patience);
  hostile.close();
  const closing = new Set(servers.keys());
  process.on('exit', () => {
    if (closing.size === 0) return;
    const left = Array.from(closing, (i) => `${i} (${servers[i].left?.()} sockets are left)`);
    const unended = Array.from(open, described).join('\n');
    console.error(`seed ${seed}: servers that never close: ${left}; ${unended}`);
    process.exitCode = 1;
  });
  setTimeout(() => {
    console.error(`seed ${seed}: servers that do not close: ${[...closing]}`);
    process.exit(1);
  }, 20000).unref();
  await Promise.all(servers.map(({ close }, i) => close().then(() => closing.delete(i))));
  const isOver = () => native.openSockets() === 0 && open.size === 0;
  for (let turns = 0; !isOver() && turns < 10000; turns++) {
    await new Promise(setImmediate);
  }
  check(native.openSockets() === 0, `${native.openSockets()} sockets are left`);
  check(
    open.size === 0,
    `${open.size} connections have not ended: ${Array.from(open, described).join('\n')}`
  );
}

main()
  .catch((error) => problems.push(error.stack))
  .then(() => {
    console.log(`seed ${seed}`, counts);
    for (const problem of new Set(problems)) console.error(problem);
    process.exit(problems.length === 0 ? 0 : 1);
  });
