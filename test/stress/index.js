'use strict';

// Random operations inside handlers, on every transport at once, while peers in other processes come, talk
// and go: npm run test:stress -- SECONDS [SEED]. Every peer checks that what it gets was meant for it,
// every WebSocket that what it emits came from its peer. docs/testing.md has more.

const { fork } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const http = require('http');
const https = require('https');
const os = require('os');
const path = require('path');
const { Duplex } = require('stream');

const implementation = process.env.STRESS_IMPLEMENTATION || '../..';
const { WebSocket, WebSocketServer } = require(implementation);
const isOurs = implementation === '../..';
const { kOptions } = isOurs ? require('../../lib/symbols') : {};
const native = isOurs ? require('../../lib/native/addon') : { openSockets: () => 0 };

const { Reader } = require('./labels');
const { Intended, Operations } = require('./operations');
const { Random } = require('./random');

const seconds = Number(process.argv[2] || 60);
const seed = Number(process.argv[3] || Date.now() % 1e9);
const random = new Random(seed);
const PEERS = 2;
// What is remembered of a connection: its last events, and what was done to it.
const HISTORY = 40;
const CONNECTIONS = Number(process.env.STRESS_CONNECTIONS || 60);

const connections = new Map();
const counts = { connections: 0, messages: 0, streams: 0, throws: 0, detached: 0, closed: 0 };
const targets = [];
const peers = [];
let nextId = 1;
let isEnding = false;
let hasFault = false;

function fault(text) {
  if (hasFault) return;
  hasFault = true;
  console.error(`seed ${seed}: ${text}`);
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 100);
}

process.on('uncaughtException', (error) => {
  if (error instanceof Intended) counts.throws++;
  // What was read together with a message that its handler has transferred is gone, as under ws.
  else if (/detached ArrayBuffer/.test(error?.message)) counts.detached++;
  else fault(error?.stack ?? error);
});

const operations = new Operations(random, {
  any: () => random.of([...connections.values()]),
  connect: () => connectClient(),
  taint: (id) => {
    const connection = connections.get(id);
    if (connection !== undefined) connection.reader.isTainted = true;
  },
  closeServer: () => random.of(targets)?.reopen(),
  fault
});

// What a connection's handlers are.
function take(ws, id, way, { req, isLate = false } = {}) {
  const connection = {
    ws,
    req,
    id,
    sent: 0,
    hasThrown: false,
    reader: new Reader('p', id),
    isClosed: false,
    way,
    done: []
  };
  if (isLate) connection.reader.beginLate();
  connections.set(id, connection);
  counts.connections++;
  const alive = (event) => {
    connection.done.push(`'${event}'`);
    connection.done.splice(0, connection.done.length - HISTORY);
    if (connection.isClosed)
      fault(`'${event}' after 'close' on connection ${id}: ${connection.done.join(' ')}`);
  };
  const checkLabel = (event, data) => {
    alive(event);
    if (data.length === 0 || connection.reader.isTainted) return;
    const said = /^p (\d+) /.exec(data.toString('latin1', 0, 40));
    if (said !== null && Number(said[1]) !== id)
      fault(`'${event}' of connection ${said[1]} on ${id}`);
  };
  ws.on('message', (data, isBinary) => {
    counts.messages++;
    alive('message');
    const check = (bytes) => {
      const wrong = connection.reader.check(bytes);
      if (wrong !== undefined) fault(`a message ${wrong}`);
    };
    if (data instanceof Blob) {
      // Its bytes come later, and in no order.
      connection.reader.isTainted = true;
    } else if (Array.isArray(data)) {
      check(Buffer.concat(data));
    } else {
      check(isBinary && data instanceof ArrayBuffer ? Buffer.from(data) : data);
    }
    operations.act(connection, data);
  });
  ws.on('stream', (stream) => {
    counts.streams++;
    alive('stream');
    read(connection, stream);
    operations.act(connection);
  });
  ws.on('ping', (data) => {
    checkLabel('ping', data);
    operations.act(connection, data);
  });
  ws.on('pong', (data) => {
    checkLabel('pong', data);
    operations.act(connection, data);
  });
  ws.on('error', () => {
    alive('error');
    operations.act(connection);
  });
  ws.on('close', (code, reason) => {
    checkLabel('close', reason);
    connection.isClosed = true;
    connections.delete(id);
    counts.closed++;
    if (ws.readyState !== 3) fault(`readyState is ${ws.readyState} in 'close'`);
    operations.act(connection);
  });
  operations.act(connection);
}

// A message that comes in pieces, which are read at once, later, or not to the end.
function read(connection, stream) {
  const { id, reader } = connection;
  const parts = [];
  const isDropped = random.oneIn(6);
  const due = reader.begin();
  stream.on('error', () => {});
  stream.on('data', (chunk) => {
    // Handlers may transfer it.
    parts.push(Buffer.from(chunk));
    if (isDropped) stream.destroy();
    else if (random.oneIn(10)) later(() => stream.resume(), stream.pause());
    if (random.oneIn(4)) operations.act(connection, chunk);
  });
  stream.on('end', () => {
    if (isDropped) return;
    const wrong = reader.check(Buffer.concat(parts), due);
    connection.done.push(`stream's end`);
    if (wrong !== undefined)
      fault(`a stream ${wrong} on ${id} (${connection.way}): ${connection.done.join(' ')}`);
  });
  if (random.oneIn(3)) later(() => stream.resume(), stream.pause());
}

function later(action) {
  setTimeout(action, random.below(30));
}

function onConnection(ws, req, way) {
  const id = Number(req.url.slice(1));
  if (connections.has(id)) fault(`connection ${id} has come twice`);
  if (!ws[kOptions]?.waitForListener || random.oneIn(2)) {
    take(ws, id, way, { req });
    return;
  }
  // Nothing may be lost meanwhile, as long as the peer is there.
  ws.on('error', () => {});
  later(() => {
    if (ws.readyState !== 3) take(ws, id, way, { req, isLate: true });
  });
}

// Options that ws does not have.
function extras() {
  return {
    streamThreshold: random.of([0, 0, 1, 500, 20000]),
    maxFrameSize: random.of([0, 0, 1000, 70000]),
    waitForListener: random.oneIn(3)
  };
}

// A Duplex of a program's own around a socket.
function wrap(socket) {
  const duplex = new Duplex({
    read: () => socket.resume(),
    write: (chunk, encoding, callback) => socket.write(chunk, callback),
    final: (callback) => socket.end(callback),
    destroy: (error, callback) => {
      socket.destroy();
      callback(error);
    }
  });
  socket.on('data', (chunk) => {
    if (!duplex.push(chunk)) socket.pause();
  });
  socket.on('end', () => duplex.push(null));
  socket.on('error', () => duplex.destroy());
  socket.on('close', () => duplex.destroy());
  return duplex;
}

function certificate() {
  const helpers = path.join(__dirname, '..', 'helpers');
  return {
    key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
    cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
  };
}

function onUpgrade(web, wss, way) {
  web.on('upgrade', (req, socket, head) => {
    socket.on('error', () => {});
    wss.handleUpgrade(req, way === 'duplex' ? wrap(socket) : socket, head, (ws) => {
      wss.emit('connection', ws, req);
    });
  });
}

// One place to connect to, that can be closed and opened again.
async function openTarget(way, common) {
  const options = { ...common, ...extras() };
  const target = { secure: way === 'tls', isOpen: false };
  const open = async () => {
    let wss;
    let web;
    if (way === 'port' || way === 'path') {
      const where =
        way === 'port'
          ? { port: 0, host: '127.0.0.1' }
          : { port: path.join(os.tmpdir(), `stress-${process.pid}-${nextId++}.sock`) };
      // ws listens at paths of its own HTTP server only.
      if (way === 'path' && !isOurs) {
        web = http.createServer().listen(where.port);
        wss = new WebSocketServer({ ...options, server: web });
      } else {
        wss = new WebSocketServer({ ...options, ...where });
      }
      await once(wss, 'listening');
      if (way === 'port') target.port = wss.address().port;
      else target.path = where.port;
    } else {
      web = way === 'tls' ? https.createServer(certificate()) : http.createServer();
      const isPlain = way === 'http' || way === 'tls';
      wss = new WebSocketServer(
        isPlain ? { ...options, server: web } : { ...options, noServer: true }
      );
      if (!isPlain) onUpgrade(web, wss, way);
      await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
      target.port = web.address().port;
    }
    const { allowSynchronousEvents: isSync = true, perMessageDeflate } = options;
    const { maxFrameSize, streamThreshold, waitForListener } = options;
    const description =
      `${way}${isSync ? '' : ' deferred'}${perMessageDeflate ? ' deflate' : ''}` +
      `${streamThreshold ? ` streams ${streamThreshold}` : ''}${waitForListener ? ' waits' : ''}` +
      `${maxFrameSize ? ` frames ${maxFrameSize}` : ''}`;
    wss.on('connection', (ws, req) => onConnection(ws, req, description));
    wss.on('error', () => {});
    target.isOpen = true;
    target.close = async () => {
      target.isOpen = false;
      const isClosed = new Promise((resolve) => wss.close(resolve));
      if (random.oneIn(2) || isEnding) for (const ws of wss.clients) ws.terminate();
      web?.close();
      if (isEnding) {
        await isClosed;
        web?.closeAllConnections();
      }
      if (target.path) fs.rmSync(target.path, { force: true });
    };
  };
  target.reopen = async () => {
    if (!target.isOpen || isEnding) return;
    await target.close();
    if (!isEnding) await open();
  };
  await open();
  targets.push(target);
}

function connectPeer() {
  const open = targets.filter((target) => target.isOpen);
  if (open.length === 0) return;
  const { port, secure, path: file } = random.of(open);
  random.of(peers).send({ target: { port, secure, path: file }, id: nextId++ });
}

function connectClient() {
  if (isEnding || connections.size > CONNECTIONS * 1.5) return;
  const { plain, secure } = random.of(peers);
  const id = nextId++;
  const isSecure = random.oneIn(3);
  const url = isSecure ? `wss://127.0.0.1:${secure}/${id}` : `ws://127.0.0.1:${plain}/${id}`;
  const ws = new WebSocket(url, {
    allowSynchronousEvents: !random.oneIn(4),
    perMessageDeflate: random.oneIn(2),
    rejectUnauthorized: false,
    ...extras()
  });
  ws.on('error', () => {});
  ws.on('open', () => take(ws, id, `client${isSecure ? ' tls' : ''}`));
  if (random.oneIn(40)) ws.terminate();
}

async function main() {
  console.log(`seed ${seed}, ${seconds} seconds`);
  for (let i = 0; i < PEERS; i++) {
    const peer = fork(path.join(__dirname, 'peer.js'), [String(random.below(2 ** 31))], {
      execArgv: [],
      env: { ...process.env, LD_PRELOAD: '' }
    });
    peer.on('message', (message) => {
      if (message.fault) fault(message.fault);
    });
    peer.on('exit', (code, signal) => {
      if (!isEnding) fault(`a peer ended with ${code ?? signal}`);
    });
    const [ports] = await once(peer, 'message');
    Object.assign(peer, ports);
    peers.push(peer);
  }
  const common = { closeTimeout: 2000, handshakeTimeout: 3000 };
  for (const way of ['port', 'http', 'noServer', 'tls', 'duplex', 'path']) {
    await openTarget(way, common);
    await openTarget(way, { ...common, perMessageDeflate: { threshold: random.below(200) } });
    await openTarget(way, { ...common, allowSynchronousEvents: false, perMessageDeflate: true });
  }

  const end = performance.now() + seconds * 1000;
  let last = -1;
  let lastProgress = performance.now();
  let nextReport = performance.now() + 10000;
  while (performance.now() < end && !hasFault) {
    if (connections.size < CONNECTIONS) {
      if (random.oneIn(4)) connectClient();
      else connectPeer();
    }
    if (counts.messages !== last) {
      last = counts.messages;
      lastProgress = performance.now();
    } else if (performance.now() - lastProgress > 60000) {
      fault('nothing comes any more');
    }
    if (performance.now() > nextReport) {
      nextReport += 10000;
      console.log(JSON.stringify({ open: connections.size, ...counts }));
    }
    operations.checkKept();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (hasFault) return;

  // Everything comes to its end.
  isEnding = true;
  for (const peer of peers) peer.kill();
  for (const { ws } of connections.values()) ws.terminate();
  const closing = targets.map((target) => target.isOpen && target.close());
  let isClosed = false;
  Promise.all(closing).then(() => (isClosed = true));
  const patience = performance.now() + 30000;
  const isDone = () => isClosed && connections.size === 0 && native.openSockets() === 0;
  while (!isDone() && performance.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(JSON.stringify(counts));
  if (!isDone()) {
    const left = [...connections.values()].map(
      ({ id, ws, way, done }) => `${id} (${way}, readyState ${ws.readyState}): ${done.join(' ')}`
    );
    fault(
      `left open: ${native.openSockets()} sockets, ${left.length} connections:\n${left.join('\n')}`
    );
    return;
  }
  process.exit(hasFault ? 1 : 0);
}

main();
