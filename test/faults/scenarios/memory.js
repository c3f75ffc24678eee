'use strict';

// What a program can see and do through the ArrayBuffers behind the messages that it gets.

const { execFileSync } = require('child_process');
const fs = require('fs');
const { Duplex } = require('stream');

const { closeFrame, deflated, frame } = require('../../helpers/frames');
const { clientProcess } = require('../../helpers/line-process');
const { REQUEST, openSite, turns, until, upgradeRequest, visit } = require('../../helpers/sites');

const SECRET = 'secret-of-alice';
const FREED = 'PRIVATE-KEY-OF-THE-SERVER ';

// Leaves memory behind that was freed with something in it.
function freeSecrets() {
  let secrets = [];
  let holes = [];
  for (let i = 0; i < 200; i++) {
    for (const size of [65536, 32768, 4096, 512, 64]) {
      secrets.push(Buffer.allocUnsafeSlow(size).fill(FREED));
      holes.push(Buffer.allocUnsafeSlow(size).fill(FREED));
    }
  }
  secrets = null;
  global.gc();
  holes = null;
  global.gc();
}

function transfer(view) {
  structuredClone(view, { transfer: [view.buffer] });
}

/** What message.buffer, and that of a ping, a pong and a reason, shows beside the own bytes. */
exports.exposure = async ({ lib, site, compressed }) => {
  const wss = await openSite(lib, site, { perMessageDeflate: compressed, autoPong: false });
  const seen = [];
  const look = (data) => {
    const all = Buffer.from(data.buffer ?? data).toString('latin1');
    seen.push({
      bytes: all.length <= 65536 || all.length === data.length,
      secret: all.includes(SECRET),
      freed: all.includes(FREED.trim())
    });
  };
  let messages = 0;
  wss.on('connection', (ws, req) => {
    ws.on('error', () => {});
    const handler = req.url === '/mallory' ? look : () => {};
    ws.on('message', (data) => {
      messages++;
      handler(data);
    });
    ws.on('ping', handler);
    ws.on('pong', handler);
    ws.on('close', (code, reason) => handler(reason));
  });
  const headers = compressed ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' } : {};
  const message = (text) =>
    compressed ? frame('text', deflated(Buffer.from(text)), { rsv: 4 }) : frame('text', text);
  const alice = await visit(wss, '/alice', headers);
  const mallory = await visit(wss, '/mallory', headers);
  freeSecrets();
  for (const text of [
    'look',
    'look again, at more bytes of it',
    'x'.repeat(300),
    'x'.repeat(5000)
  ]) {
    alice.socket.write(message(`${SECRET} ${'s'.repeat(200)}`));
    mallory.socket.write(message(text));
    await turns(10);
  }
  alice.socket.write(Buffer.concat(Array(20).fill(message(SECRET))));
  mallory.socket.write(
    Buffer.concat([
      frame('ping', 'a ping'),
      frame('pong', 'a pong'),
      message('look'),
      closeFrame(1000, 'bye')
    ])
  );
  await until(() => messages === 29 && seen.length === 8);
  return seen;
};

/** A message of each connection is transferred by its handler, in one poll with the others'. */
exports.transferInOnePoll = async ({ lib, site }) => {
  const wss = await openSite(lib, site, { handshakeTimeout: 0 });
  const log = [];
  const kept = [];
  wss.on('connection', (ws, req) => {
    log.push(`open of ${req.url}`);
    ws.on('message', (data) => {
      log.push(`${data} on ${req.url}`);
      if (req.url === '/mallory') transfer(data);
      else kept.push([String(data), data]);
    });
  });
  const clients = {};
  for (const name of ['/alice', '/mallory', '/bob']) clients[name] = await visit(wss, name);
  clients.late = await wss.connect().connected();
  await turns(20);
  clients['/alice'].socket.write(frame('text', 'kept of alice'));
  await turns(20);
  clients['/alice'].socket.write(frame('text', 'another of alice'));
  clients['/mallory'].socket.write(frame('text', 'to a worker'));
  clients['/bob'].socket.write(Buffer.concat([frame('text', 'bob 1'), frame('text', 'bob 2')]));
  clients.late.socket.write(upgradeRequest({}, { path: '/late' }));
  await until(() => log.includes('open of /late') && log.includes('bob 2 on /bob'));
  await turns(20);
  const answer = await clients.late.response();
  return {
    log: log.filter((line) => !line.startsWith('open')).sort(),
    kept: kept.map(([text, data]) => [text, data.toString()]),
    answer: answer.split('\r\n')[0]
  };
};

/**
 * A handler transfers its message; in the same packet there is something behind it that has to take
 * effect, whatever has become of its bytes.
 */
exports.endBehindTransfer = async ({ lib, site, end }) => {
  const wss = await openSite(lib, site);
  let closed;
  wss.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data) => transfer(data));
    ws.on('close', (code) => (closed = code));
  });
  const client = await visit(wss);
  const last = {
    close: closeFrame(1000, 'with a reason'),
    garbage: frame(3, 'no such opcode'),
    end: frame('text', 'last')
  }[end];
  client.socket.write(Buffer.concat([frame('text', 'to a worker'), last]));
  if (end === 'end') client.socket.end();
  await client.closed;
  await until(() => closed !== undefined);
  return closed;
};

// Watches memory that was allocated in place of what was just freed.
function watchFreedMemory() {
  const watched = [];
  for (let i = 0; i < 100; i++) {
    for (const size of [65536, 1024, 256]) watched.push(new Uint8Array(size));
  }
  return () => watched.filter((array) => array.some((byte) => byte !== 0)).length;
}

/**
 * A handler transfers its message, what was under it is freed, and within the same handler another
 * WebSocket on a Duplex is fed.
 */
exports.feedAfterTransfer = async ({ lib, site }) => {
  const wss = await openSite(lib, site);
  const duplex = new Duplex({ read() {}, write: (chunk, encoding, callback) => callback() });
  const inner = new lib.WebSocketServer({ noServer: true });
  const got = [];
  inner.handleUpgrade(REQUEST, duplex, Buffer.alloc(0), (ws) =>
    ws.on('message', (m) => got.push(m))
  );
  let changed;
  wss.on('connection', (ws) => {
    ws.on('message', (data) => {
      transfer(data);
      global.gc();
      changed = watchFreedMemory();
      for (let i = 0; i < 20; i++) duplex.emit('data', frame('binary', Buffer.alloc(600, 0x41)));
    });
  });
  const client = await visit(wss);
  await turns(4);
  client.socket.write(frame('text', 'x'));
  await until(() => got.length === 20);
  return { changed: changed(), right: got.every((m) => m.equals(Buffer.alloc(600, 0x41))) };
};

/** The same in one poll: a message that was kept is transferred between the reads of two others. */
exports.pollAfterTransfer = async ({ lib, site }) => {
  const wss = await openSite(lib, site);
  let kept;
  let changed;
  const got = [];
  wss.on('connection', (ws, req) => {
    ws.on('message', (data) => {
      if (req.url === '/kept') kept ??= data;
      else got.push(data);
    });
  });
  // A stream of Node's, which is read in the same poll.
  const other = await openSite(lib, 'tls');
  other.on('connection', (ws) => {
    ws.on('message', () => {
      transfer(kept);
      kept = undefined;
      global.gc();
      changed = watchFreedMemory();
    });
  });
  const first = await visit(wss, '/kept');
  const second = await visit(wss, '/other');
  const between = await visit(other);
  await turns(20);
  first.socket.write(frame('text', 'keep me'));
  await until(() => kept !== undefined);
  await turns(20);
  first.socket.write(frame('text', 'x'));
  between.socket.write(frame('text', 'x'));
  second.socket.write(frame('binary', Buffer.alloc(600, 0x42)));
  await until(() => got.length === 1);
  return { changed: changed(), right: got[0].equals(Buffer.alloc(600, 0x42)) };
};

/** A chunk of a Duplex is transferred by a handler that runs while it is read. */
exports.transferOfChunk = async ({ lib, deflate }) => {
  // What becomes of the rest of the chunk is the program's own doing.
  const duplex = new Duplex({ read() {}, write: (chunk, encoding, callback) => callback() });
  const inner = new lib.WebSocketServer({ noServer: true, perMessageDeflate: deflate });
  const request = structuredClone(REQUEST);
  if (deflate) request.headers['sec-websocket-extensions'] = 'permessage-deflate';
  const got = [];
  let chunk;
  let changed = () => 0;
  inner.handleUpgrade(request, duplex, Buffer.alloc(0), (ws) => {
    ws.on('error', (error) => got.push(error.message));
    ws.on('message', (data) => {
      got.push(data.length);
      if (chunk === undefined) return;
      transfer(chunk);
      chunk = undefined;
      global.gc();
      changed = watchFreedMemory();
    });
  });
  if (deflate) duplex.emit('data', frame('binary', deflated(Buffer.alloc(2e6, 7)), { rsv: 4 }));
  const bytes = Buffer.concat([frame('text', 'first'), frame('binary', Buffer.alloc(150000, 1))]);
  chunk = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(chunk);
  // The pool's threads finish meanwhile, so that what they have inflated is delivered in this call.
  await turns(1);
  const end = performance.now() + 300;
  while (performance.now() < end);
  try {
    duplex.emit('data', chunk);
  } catch (error) {
    got.push(error.name);
  }
  await turns(20);
  return { changed: changed(), got: got.slice(0, 1) };
};

/** What one of many small messages pins, that a program keeps. */
exports.pinned = async ({ lib, site, inFlight }) => {
  const wss = await openSite(lib, site);
  const kept = [];
  let seen = 0;
  wss.on('connection', (ws) => {
    ws.on('message', (data) => {
      if (seen++ % 500 === 0) kept.push(data);
    });
  });
  const clients = [];
  for (let i = 0; i < 20; i++) clients.push(await visit(wss));
  const chunk = Buffer.concat(Array(inFlight).fill(frame('text', 'x'.repeat(20))));
  await turns(20);
  global.gc();
  const before = process.memoryUsage().arrayBuffers;
  const wanted = 150000;
  for (let sent = 0; sent < wanted;) {
    for (const client of clients) {
      client.socket.write(chunk);
      sent += inFlight;
    }
    await until(() => seen >= sent);
  }
  clients.splice(0).forEach((client) => client.socket.destroy());
  await turns(20);
  global.gc();
  await turns(20);
  global.gc();
  return { kept: kept.length, pinned: process.memoryUsage().arrayBuffers - before };
};

/** What an idle connection takes after a burst, against what it took before. */
exports.idleAfterBurst = async ({ lib, site, burst, count }) => {
  const wss = await openSite(lib, site, { perMessageDeflate: burst === 'compressed' });
  const sockets = [];
  wss.on('connection', (ws) => {
    sockets.push(ws);
    ws.on('message', () => {});
  });
  const headers =
    burst === 'compressed' ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' } : {};
  const clients = clientProcess();
  clients.tell(`visit ${wss.port} ${count} ${JSON.stringify(headers)}`);
  await until(() => clients.lines.includes('visited') && sockets.length === count);
  const data = burst === 'large' ? Buffer.alloc(30000) : 'x'.repeat(20);
  const isSent = () => sockets.every((ws) => ws.bufferedAmount === 0);
  // What the process needs for whoever sends, it has after some of them.
  for (let i = 0; i < count; i++) {
    sockets[i % 20].send(data);
    if (i % 20 === 19) await until(isSent);
  }
  const settle = async () => {
    for (let i = 0; i < 5; i++) {
      await turns(20);
      global.gc();
    }
    return process.memoryUsage().rss;
  };
  const before = await settle();
  for (const ws of sockets) ws.send(data);
  await until(isSent);
  clients.tell('everybody');
  await until(() => clients.lines.includes('everybody has said'));
  // "Within ten seconds".
  let after = await settle();
  const end = performance.now() + 12000;
  while (performance.now() < end && (after - before) / count > 150) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    after = await settle();
  }
  clients.end();
  return { grownBy: Math.round((after - before) / count) };
};

/** The system has no memory for a large message, neither when half of it has come nor at its end. */
exports.noMemoryForMessage = async ({ lib, site }) => {
  const SIZE = 200 * 1024 * 1024;
  const wss = await openSite(lib, site, { maxPayload: SIZE });
  const log = [];
  wss.on('connection', (ws) => {
    ws.on('message', (data) => log.push(data.length));
    ws.on('error', ({ code }) => log.push(code));
    ws.on('close', (code) => log.push(code));
  });
  const client = await visit(wss);
  const [, used] = /VmSize:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'));
  const most = Number(used) * 1024 + 1.5 * SIZE;
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${most}`]);
  const head = Buffer.alloc(14);
  head.set([0x82, 0xff]);
  head.writeBigUInt64BE(BigInt(SIZE), 2);
  client.socket.write(head);
  const piece = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < SIZE; sent += piece.length) await client.send(piece);
  await client.closed;
  await until(() => log.length === 2);
  const next = await visit(wss, '/next');
  next.socket.write(frame('text', 'hello'));
  await until(() => log.length === 3);
  return log;
};
