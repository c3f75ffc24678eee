'use strict';

// What peers and networks do wrong. Each fault is done to a server that has another client; what becomes
// of the connection is its outcome, and both that client and a new one must be served afterwards.

const { spawn } = require('child_process');
const path = require('path');

const { deflated, frame, parseFrames } = require('../../helpers/frames');
const { burst } = require('../../helpers/flooder');
const { exhaust } = require('../../helpers/descriptors');
const { clientProcess } = require('../../helpers/line-process');
const { openSite, turns, until, upgradeRequest, visit } = require('../../helpers/sites');

const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const LARGE = Buffer.alloc(1024 * 1024, 'x');

// The code of the close frame among what a client has received; 'no close frame' where there is none.
function closeCode(bytes) {
  const close = parseFrames(bytes).frames.find(({ opcode }) => opcode === 8);
  if (close === undefined) return 'no close frame';
  return close.payload.length < 2
    ? 'an empty close frame'
    : `close frame ${close.payload.readUInt16BE()}`;
}

// What the server's end of a connection emits, in words.
async function endOf(record) {
  await until(() => record.closed !== undefined);
  return `${record.error ? `'error' ${record.error}, ` : ''}'close' ${record.closed}`;
}

const FAULTS = {
  'reset at every byte': async ({ wss, records }) => {
    const bytes =
      upgradeRequest({}, { path: '/fault' }) + frame('text', 'hello').toString('latin1');
    for (let count = 0; count <= bytes.length; count++) {
      const client = await wss.connect().connected();
      await client.send(Buffer.from(bytes.slice(0, count), 'latin1'));
      if (count % 2 === 0) await turns(3);
      client.socket.resetAndDestroy();
    }
    await until(() => records.every(({ closed }) => closed !== undefined));
    const codes = new Set(records.map(({ closed }) => closed));
    return `'close' ${[...codes].sort().join(' or ')}`;
  },

  'a head that comes byte by byte': async ({ wss }) => {
    const client = await wss.connect().connected();
    for (const byte of upgradeRequest({}, { path: '/fault' })) {
      client.socket.write(byte);
      await turns(1);
    }
    const head = await client.response();
    client.socket.destroy();
    return head.split('\r\n')[0];
  },

  'a head that never ends': async ({ wss }) => {
    const client = await wss.connect().connected();
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    await until(() => client.isClosed);
    return client.received.toString('latin1').split('\r\n')[0] || 'closed without a word';
  },

  'a flood of headers': async ({ wss }) => {
    const client = await wss.connect().connected();
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    for (let i = 0; i < 5000 && !client.isClosed; i++)
      client.socket.write(`X-${i}: ${'x'.repeat(50)}\r\n`);
    client.socket.write('\r\n');
    await client.until((bytes) => bytes.includes('\r\n'));
    client.socket.destroy();
    return client.received.toString('latin1').split('\r\n')[0] || 'closed without a word';
  },

  'garbage instead of a head': async ({ wss }) => {
    const client = await wss.connect().connected();
    client.socket.write(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)));
    await client.closed;
    return client.received.toString('latin1').split('\r\n')[0] || 'closed without a word';
  },

  'garbage instead of frames': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.write(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919 + 3) % 251)));
    await client.closed;
    return `${await endOf(records[0])}, ${closeCode(client.received)}`;
  },

  'a length of 2^63': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.write(Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]));
    await client.closed;
    return `${await endOf(records[0])}, ${closeCode(client.received)}`;
  },

  'a message above maxPayload': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.write(frame('binary', Buffer.alloc(300000)));
    await client.closed;
    return `${await endOf(records[0])}, ${closeCode(client.received)}`;
  },

  'many fragments': async ({ faulty, records }) => {
    const client = await faulty();
    const more = frame('continuation', '', { fin: false });
    client.socket.write(frame('text', '', { fin: false }));
    for (let i = 0; i < 100 && !client.isClosed; i++) {
      client.socket.write(Buffer.concat(Array(1000).fill(more)));
    }
    await client.closed;
    return `${await endOf(records[0])}, ${closeCode(client.received)}`;
  },

  'a flood of pings whose answers are not read': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.pause();
    const pings = Buffer.concat(Array(2000).fill(frame('ping', 'p'.repeat(125))));
    let bytes = 0;
    while (records[0].closed === undefined && bytes < 64 * 1024 * 1024) {
      bytes += pings.length;
      if (!client.socket.write(pings)) await turns(2);
    }
    const isAlive = records[0].closed === undefined;
    const { bufferedAmount } = records[0].ws;
    client.socket.destroy();
    await until(() => records[0].closed !== undefined);
    return isAlive && bufferedAmount > 40e6 ? 'answers pile up' : 'answers do not pile up';
  },

  'a flood of pongs': async (fault) => flood(fault, 'pong', 200000),
  'a flood of messages': async (fault) => flood(fault, 'message', 200000),
  'a flood of fragments': async (fault) => flood(fault, 'fragments', 4000),

  'small bombs': async ({ faulty, records }) => {
    const client = await faulty(DEFLATE);
    client.socket.write(burst('smallBomb', 50000));
    await until(() => records[0].messages > 300);
    client.socket.destroy();
    return endOf(records[0]);
  },

  'a bomb above maxPayload': async ({ faulty, records }) => {
    const client = await faulty(DEFLATE);
    client.socket.write(frame('binary', deflated(Buffer.alloc(50 * 1024 * 1024)), { rsv: 4 }));
    await client.closed;
    return `${await endOf(records[0])}, ${closeCode(client.received)}`;
  },

  'a slow reader': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.pause();
    const { ws } = records[0];
    for (let i = 0; i < 20; i++) ws.send(LARGE);
    await turns(20);
    const waits = ws.bufferedAmount > 5e6;
    client.socket.resume();
    const expected = 20 * (LARGE.length + 10);
    let got = client.received.length;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (got += chunk.length));
    await until(() => got >= expected);
    await until(() => ws.bufferedAmount === 0);
    client.socket.destroy();
    return `${waits ? 'bufferedAmount grows' : 'nothing waits'}, all arrives, ${await endOf(records[0])}`;
  },

  'a peer that reads nothing while it is closed': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.pause();
    const { ws } = records[0];
    for (let i = 0; i < 20; i++) ws.send(LARGE);
    ws.close(1000);
    const end = await endOf(records[0]);
    client.socket.destroy();
    return end;
  },

  'a peer that does not answer a close frame': async ({ faulty, records }) => {
    const client = await faulty();
    records[0].ws.close(1000);
    const end = await endOf(records[0]);
    client.socket.destroy();
    return end;
  },

  'a peer that ends its side and reads on': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.write(frame('text', 'last'));
    client.socket.end();
    const end = await endOf(records[0]);
    return `${end}, ${parseFrames(client.received).frames.length} frames, ${closeCode(client.received)}`;
  },

  'a peer that is stopped (SIGSTOP)': async ({ wss, records }) => {
    const child = spawn(process.execPath, [
      path.join(__dirname, '..', '..', 'helpers', 'flooder.js'),
      String(wss.port),
      'empty'
    ]);
    await until(() => records.some(({ messages }) => messages > 0));
    const record = records.find(({ messages }) => messages > 0);
    child.kill('SIGSTOP');
    const { ws } = record;
    for (let i = 0; i < 20; i++) ws.send(LARGE);
    ws.close(1000);
    const end = await endOf(record);
    child.kill('SIGKILL');
    return end;
  },

  'a storm of connections': async ({ wss }) => {
    for (let round = 0; round < 20; round++) {
      const clients = Array.from({ length: 50 }, () => wss.connect());
      await Promise.all(clients.map((client) => client.connected()));
      for (const [i, client] of clients.entries()) {
        if (i % 3 === 0) client.socket.write(upgradeRequest({}, { path: '/fault' }));
        if (i % 2 === 0) client.socket.resetAndDestroy();
        else client.socket.destroy();
      }
      await Promise.all(clients.map((client) => client.closed));
    }
    return 'survived';
  },

  'no descriptors left': async ({ wss }) => {
    const clients = clientProcess();
    const { lines, tell } = clients;
    tell('version');
    await until(() => lines.length === 1);
    const giveBack = exhaust(0);
    tell(`connect ${wss.port} 4`);
    await until(() => lines.includes('connected 4'));
    await turns(20);
    giveBack();
    tell(`later ${wss.port}`);
    await until(() => lines.some((line) => line.startsWith('later')));
    clients.end();
    return lines.at(-1) === 'later: hello' ? 'who comes later is served' : lines.at(-1);
  },

  'TLS that is cut in the middle of a record': async ({ faulty, records }) => {
    const client = await faulty();
    client.socket.write(frame('text', 'x'.repeat(10000)));
    await turns(2);
    // What is under it ends, without a word of TLS.
    client.socket.write(frame('text', 'y'.repeat(100000)).subarray(0, 50000));
    client.socket._handle.close();
    client.socket.destroy();
    await until(() => records[0]?.closed !== undefined);
    return endOf(records[0]);
  }
};

async function flood({ faulty, records }, kind, count) {
  const client = await faulty();
  const chunk = burst(kind, 65536);
  while (records[0].events < count) {
    if (!client.socket.write(chunk)) await turns(1);
  }
  records[0].ws.terminate();
  const end = await endOf(records[0]);
  return end;
}

async function say(client, text) {
  await client.send(frame('text', text));
  const { frames } = await client
    .until((bytes) => parseFrames(bytes).frames.length > 0)
    .then(parseFrames);
  client.received = Buffer.alloc(0);
  return frames[0]?.payload.toString() === text;
}

/** Does a fault, and resolves with its outcome and whether everybody else is served. */
exports.suffer = async ({ lib, site, name }) => {
  const records = [];
  const isSecure = name.startsWith('TLS');
  const wss = await openSite(lib, isSecure ? 'tls' : site, {
    closeTimeout: 500,
    handshakeTimeout: 1000,
    maxPayload: 256 * 1024,
    perMessageDeflate: true,
    web: { connectionsCheckingInterval: 100, headersTimeout: 1000 }
  });
  wss.on('connection', (ws, req) => {
    if (req.url !== '/fault') {
      ws.on('message', (data) => ws.send(String(data)));
      return;
    }
    const record = { ws, messages: 0, events: 0 };
    records.push(record);
    ws.on('message', () => {
      record.messages++;
      record.events++;
    });
    ws.on('pong', () => record.events++);
    ws.on('error', (error) => (record.error = error.code));
    ws.on('close', (code) => (record.closed = code));
  });
  const bystander = await visit(wss, '/bystander');
  const faulty = async (headers) => {
    const client = await visit(wss, '/fault', headers);
    await until(() => records.length > 0);
    return client;
  };
  const outcome = await FAULTS[name]({ wss, records, faulty });
  const served = [await say(bystander, 'still here'), await say(await visit(wss, '/new'), 'new')];
  await turns(20);
  // The two of them, and nobody of whom it would not be known that he has gone.
  await until(() => wss.clients.size === 2);
  return { outcome, served };
};

exports.NAMES = Object.keys(FAULTS);
