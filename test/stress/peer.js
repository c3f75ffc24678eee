'use strict';

// The other ends: a process of clients and of a server, of ws and of raw bytes, that do not know what they
// are connected to. It does what its parent says, and tells it what it finds wrong.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');
const zlib = require('zlib');

const ws = require('ws');

const { closeFrame, frame, parseFrames } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');
const { Reader, label } = require('./labels');
const { Random } = require('./random');

const random = new Random(Number(process.argv[2]));
let open = 0;

function fault(text) {
  if (process.connected) process.send({ fault: `a peer got a message ${text}` });
}

// Sends some messages now and then, until it is over.
function keepTalking(send, isOver) {
  const talk = () => {
    if (isOver()) return;
    const count = random.oneIn(8) ? random.below(300) : random.below(5);
    for (let i = 0; i < count && !isOver(); i++) send();
    setTimeout(talk, random.below(random.oneIn(20) ? 200 : 12));
  };
  talk();
}

// What a WebSocket of ws does as a peer.
function play(socket, id) {
  const reader = new Reader('s', id);
  let number = 0;
  open++;
  const isOver = () => socket.readyState !== ws.WebSocket.OPEN;
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const wrong = reader.check(data);
    if (wrong !== undefined) fault(wrong);
  });
  socket.on('close', () => open--);
  keepTalking(() => {
    switch (
      random.weighted({ message: 60, fragments: 8, ping: 5, pong: 5, close: 1, terminate: 1 })
    ) {
      case 'message': {
        const text = label('p', id, number++, random.size());
        socket.send(random.oneIn(2) ? text : Buffer.from(text), { compress: random.oneIn(2) });
        break;
      }
      case 'fragments': {
        const text = label('p', id, number++, random.below(3000));
        const at = random.below(text.length);
        socket.send(text.slice(0, at), { fin: false });
        if (random.oneIn(3)) socket.ping('between');
        socket.send(text.slice(at), { fin: true });
        break;
      }
      case 'ping':
        socket.ping(label('p', id, 0, random.below(60)));
        break;
      case 'pong':
        socket.pong(label('p', id, 0, random.below(60)));
        break;
      case 'close':
        socket.close(random.of([1000, 3000, 4999]), label('p', id, 0, random.below(60)));
        break;
      case 'terminate':
        socket.terminate();
        break;
    }
  }, isOver);
}

// A peer of raw bytes: frames split anywhere, ends of every kind, and now and then bytes that are wrong.
async function playRaw(target, id) {
  const client = new RawClient(target.path ?? target.port, { secure: target.secure });
  const reader = new Reader('s', id);
  const deflates = random.oneIn(2);
  const headers = deflates
    ? {
        'Sec-WebSocket-Extensions':
          'permessage-deflate; client_no_context_takeover; server_no_context_takeover'
      }
    : {};
  open++;
  client.closed.then(() => open--);
  let isEnding = false;
  let number = 0;
  const isOver = () => client.isClosed || isEnding;
  const request = client.upgrade(headers, { path: `/${id}` });
  if (random.oneIn(30)) client.socket.destroy();
  const head = await request;
  if (client.isClosed) return;
  if (!head.startsWith('HTTP/1.1 101')) {
    client.socket.destroy();
    return;
  }
  const mayCompress = /permessage-deflate/i.test(head);
  const look = () => {
    if (mayCompress) {
      // What is compressed is looked at by the peers that are of ws.
      client.received = Buffer.alloc(0);
      return;
    }
    const { frames, rest } = parseFrames(client.received);
    client.received = rest;
    for (const { opcode, fin, payload } of frames) {
      if (opcode === 1 || opcode === 2 || opcode === 0) {
        parts.push(payload);
        if (!fin) continue;
        const wrong = reader.check(Buffer.concat(parts.splice(0)));
        if (wrong !== undefined) fault(wrong);
      } else if (opcode === 8 && !client.isClosed) {
        isEnding = true;
        client.socket.end(closeFrame(payload.length >= 2 ? payload.readUInt16BE() : undefined));
      }
    }
  };
  const parts = [];
  client.socket.on('data', look);
  look();
  const write = (bytes) => {
    if (!random.oneIn(6)) {
      client.socket.write(bytes);
      return;
    }
    // In two pieces, in packets of their own mostly.
    const at = random.below(bytes.length);
    client.socket.write(bytes.subarray(0, at));
    client.socket.write(bytes.subarray(at));
  };
  keepTalking(() => {
    const way = random.weighted({
      message: 80,
      compressed: mayCompress ? 20 : 0,
      fragments: 8,
      tiny: 4,
      large: 0.05,
      bomb: mayCompress ? 1 : 0,
      control: 8,
      close: 1,
      reset: 1,
      end: 1,
      cut: 1,
      wrong: 1
    });
    switch (way) {
      case 'message':
        write(frame(random.of(['text', 'binary']), label('p', id, number++, random.size())));
        break;
      case 'compressed':
      case 'bomb': {
        const size = way === 'bomb' ? 250000 : random.size();
        const packed = zlib.deflateRawSync(label('p', id, number++, size), {
          finishFlush: zlib.constants.Z_SYNC_FLUSH
        });
        write(frame('binary', packed.subarray(0, -4), { rsv: 4 }));
        break;
      }
      case 'fragments': {
        const text = label('p', id, number++, random.below(3000));
        const at = random.below(text.length);
        write(
          Buffer.concat([
            frame('text', text.slice(0, at), { fin: false }),
            frame('ping', 'between'),
            frame('continuation', '', { fin: false }),
            frame('continuation', text.slice(at))
          ])
        );
        break;
      }
      case 'tiny':
        write(tinyFrames(label('p', id, number++, random.below(random.of([30, 3000, 20000]))), id));
        break;
      case 'large': {
        const bytes = frame(
          'binary',
          label('p', id, number++, 8_000_000 + random.below(1_000_000))
        );
        if (random.oneIn(2)) {
          write(bytes);
          break;
        }
        isEnding = true;
        client.socket.write(bytes.subarray(0, random.below(bytes.length)));
        if (target.secure || target.path || random.oneIn(2)) client.socket.end();
        else setTimeout(() => client.socket.resetAndDestroy(), random.below(50));
        break;
      }
      case 'control':
        write(frame(random.of(['ping', 'pong']), label('p', id, 0, random.below(60))));
        break;
      case 'close':
        write(closeFrame(random.of([1000, 1001, 4000]), label('p', id, 0, random.below(60))));
        break;
      case 'reset':
        isEnding = true;
        if (target.secure || target.path) client.socket.destroy();
        else client.socket.resetAndDestroy();
        break;
      case 'end':
        isEnding = true;
        client.socket.end();
        break;
      case 'cut':
        isEnding = true;
        client.socket.end(frame('text', label('p', id, number++, 500)).subarray(0, 100));
        break;
      case 'wrong':
        isEnding = true;
        client.socket.end(
          random.of([frame(3, 'x'), frame('text', 'x', { masked: false }), closeFrame(999)])
        );
        break;
    }
  }, isOver);
  setTimeout(() => client.socket.destroy(), 5000 + random.below(5000));
}

// Many frames that are read together, here and there something between them.
function tinyFrames(text, id) {
  const frames = [frame('text', '', { fin: false })];
  const most = random.of([2, 10, 500]);
  for (let at = 0; at < text.length;) {
    const size = random.below(most + 1);
    frames.push(frame('continuation', text.slice(at, at + size), { fin: false }));
    at += size;
    if (random.oneIn(30)) frames.push(frame('ping', label('p', id, 0, random.below(60))));
  }
  frames.push(frame('continuation', ''));
  return Buffer.concat(frames);
}

function connect(target, id) {
  if (random.oneIn(3)) {
    playRaw(target, id);
    return;
  }
  const scheme = target.secure ? 'wss' : 'ws';
  const url = target.path
    ? `ws+unix:${target.path}:/${id}`
    : `${scheme}://127.0.0.1:${target.port}/${id}`;
  const socket = new ws.WebSocket(url, {
    perMessageDeflate: random.oneIn(2),
    rejectUnauthorized: false
  });
  socket.on('error', () => {});
  socket.on('open', () => play(socket, id));
  if (random.oneIn(40)) setImmediate(() => socket.terminate());
}

// For the clients that are tested.
function serve(web) {
  const server = new ws.WebSocketServer({ server: web, perMessageDeflate: true });
  server.on('connection', (socket, req) => play(socket, Number(req.url.slice(1))));
  return new Promise((resolve) => web.listen(0, '127.0.0.1', () => resolve(web.address().port)));
}

async function main() {
  const helpers = path.join(__dirname, '..', 'helpers');
  const plain = await serve(http.createServer());
  const secure = await serve(
    https.createServer({
      key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
      cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
    })
  );
  process.on('message', ({ target, id }) => connect(target, id));
  process.on('disconnect', () => process.exit());
  process.send({ plain, secure });
}

main();
