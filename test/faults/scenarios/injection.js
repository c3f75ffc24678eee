'use strict';

// Scenarios in which a system call or an allocation of the addon fails; see ../inject.c. Each runs again
// and again, with the Nth call failing, N = 0, 1, 2 ..., until it has passed with no call failing.

const { once } = require('events');
const fs = require('fs');
const { constants } = require('os');

const ws = require('ws');

const { closeFrame, frame, parseFrames } = require('../../helpers/frames');
const { RawClient } = require('../../helpers/raw-client');
const { openSite, turns, until } = require('../../helpers/sites');
const nodejsWebsocket = require('../../../lib/nodejs-websocket');
const native = require('../../../lib/native/addon');

const MEMORY = new Set(['malloc', 'mmap']);
// No scenario makes more of one kind.
const MOST_CALLS = 400;

const LARGE = Buffer.alloc(300000, 'large ');
const HUGE = Buffer.alloc(3000000, 'huge ');

// Tells the preloaded library something; resolves with what has been seen and has failed since.
function tell(command) {
  const [seen, failed] = fs.readlinkSync(`/wsuv-inject/${command}`).split(' ').map(Number);
  return { seen, failed };
}

function descriptors() {
  return fs.readdirSync('/proc/self/fd').length;
}

// What one end hears, in order: codes of errors, what callbacks of send() are told, codes of 'close'.
function listen(socket, heard) {
  socket.on('error', (error) => heard.push(error.code));
  socket.on('close', (code) => heard.push(code));
}

function sendTo(socket, heard, data, options) {
  socket.send(data, options, (error) => heard.push(error && (error.cause ?? error).code));
}

// A server that echoes; what it hears, and what its peers are told in close frames.
async function echoServer(lib, site, options) {
  const server = await openSite(lib, site, options);
  server.on('error', () => {});
  const heard = [];
  Object.assign(server, { heard, told: [] });
  server.on('connection', (socket) => {
    listen(socket, heard);
    socket.on('message', (data, isBinary) => {
      sendTo(socket, heard, data, { binary: isBinary });
    });
  });
  return server;
}

// Notes the close frame that a raw client has got, when its connection is over.
function noteClose(client, told) {
  client.closed.then(() => {
    const close = parseFrames(client.received).frames.find(({ opcode }) => opcode === 8);
    if (close !== undefined) told.push(close.payload.readUInt16BE());
  });
}

// All that a raw client can do with such a server, until it is done or the connection is over.
async function converse(client, told, isInFragments = false) {
  noteClose(client, told);
  const isOver = () => client.isClosed;
  await Promise.race([client.connected(), client.closed]).catch(() => {});
  const head = await client.upgrade();
  if (!head.startsWith('HTTP/1.1 101')) return 'refused';
  await client.send(
    frame('text', 'hello'),
    frame('ping', 'p'),
    frame('binary', LARGE).subarray(0, 9)
  );
  await client.send(frame('binary', LARGE).subarray(9));
  const answers = (bytes) => messagesIn(bytes, isInFragments).length >= 3;
  const frames = messagesIn(await client.until(answers), isInFragments);
  for (const { opcode, payload } of frames) {
    const expected = { 1: Buffer.from('hello'), 2: LARGE, 10: Buffer.from('p') }[opcode];
    if (expected !== undefined && !payload.equals(expected)) return 'wrong bytes';
  }
  if (isOver()) return 'over';
  await client.send(closeFrame(1000));
  client.socket.end();
  await client.closed;
  return 'done';
}

// Frames, or what whole ones come to.
function messagesIn(bytes, isInFragments) {
  const { frames } = parseFrames(bytes);
  if (!isInFragments) return frames;
  const messages = [];
  let pieces = [];
  let first;
  for (const frame of frames) {
    if (frame.opcode >= 8) {
      messages.push(frame);
      continue;
    }
    if (frame.opcode > 0) first = frame.opcode;
    pieces.push(frame.payload);
    if (!frame.fin) continue;
    messages.push({ opcode: first, payload: Buffer.concat(pieces) });
    pieces = [];
  }
  return messages;
}

// The same with a WebSocket of ws, which compresses.
async function converseCompressed(url, told, options) {
  const client = new ws.WebSocket(url, { rejectUnauthorized: false, ...options });
  client.on('error', () => {});
  client.on('close', (code) => told.push(code));
  const closed = new Promise((resolve) => client.on('close', resolve));
  let wrong = false;
  let left = 3;
  client.on('open', () => {
    client.send('hello');
    client.send(LARGE);
    client.send(LARGE.subarray(0, 100000), { compress: true });
  });
  client.on('message', (data) => {
    if (![5, LARGE.length, 100000].includes(data.length)) wrong = true;
    if (--left === 0) client.close(1000);
  });
  await closed;
  return wrong ? 'wrong bytes' : 'done';
}

function onSite(site, options) {
  return {
    open: (lib) => echoServer(lib, site, options),
    act: (server) => converse(server.connect(), server.told),
    close: closeServer
  };
}

// There was no memory: either nobody has noticed, or whoever was concerned has heard why. A peer whose
// message is lost is told so.
function checkReasons({ heard, told }) {
  const isTold = heard.includes('WS_ERR_OUT_OF_MEMORY');
  const isFine = heard.every((what) => what === null || what === undefined || what === 1000);
  const text = `heard ${JSON.stringify(heard)}, told ${JSON.stringify(told)}`;
  if (!isFine && !isTold && !heard.includes('ENOMEM')) throw new Error(`nobody says why: ${text}`);
  if (isTold && !told.includes(1011)) throw new Error(`the peer does not know: ${text}`);
}

async function closeServer(server) {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
  if (server.web) {
    server.web.closeAllConnections();
    await new Promise((resolve) => server.web.close(resolve));
  }
}

// Both ends are ours, and each is to hear of its end, and of that of what it streams.
function streaming(isCompressed) {
  const options = {
    maxPayload: 1000000,
    perMessageDeflate: isCompressed && { threshold: 0 },
    streamThreshold: 1000
  };
  return {
    async open(lib) {
      const server = await openSite(lib, 'port', options);
      server.on('error', () => {});
      server.on('connection', (socket) => {
        socket.on('error', () => {});
        socket.on('stream', (stream, isBinary) => {
          socket.sendStream(stream, { binary: isBinary }).catch(() => {});
        });
      });
      return server;
    },
    async act(server, lib) {
      const client = new lib.WebSocket(`ws://127.0.0.1:${server.port}`, options);
      client.on('error', () => {});
      const closed = new Promise((resolve) => client.on('close', resolve));
      const pieces = [];
      let isOver = true;
      client.on('open', () => {
        const source = Array.from({ length: 8 }, () => LARGE.subarray(0, 75000));
        client.sendStream(source).catch(() => {});
      });
      client.on('stream', (stream) => {
        isOver = false;
        stream.on('data', (piece) => pieces.push(piece));
        stream.on('end', () => client.close(1000));
        stream.on('close', () => (isOver = true));
      });
      await closed;
      if (!isOver) throw new Error('A stream outlives its connection');
      const got = Buffer.concat(pieces);
      const expected = Buffer.concat(Array(8).fill(LARGE.subarray(0, 75000)));
      return got.equals(expected.subarray(0, got.length)) ? 'done' : 'wrong bytes';
    },
    close: closeServer
  };
}

const SCENARIOS = {
  port: onSite('port'),
  http: onSite('http'),
  tls: onSite('tls'),
  compressed: {
    open: (lib) => echoServer(lib, 'port', { perMessageDeflate: { threshold: 0 } }),
    act: (server) =>
      converseCompressed(`ws://127.0.0.1:${server.port}`, server.told, {
        perMessageDeflate: true
      }),
    close: closeServer
  },
  // The client is what fails; the server is Node's.
  client: {
    async open() {
      const server = await echoServer(ws, 'http', { perMessageDeflate: true });
      return Object.assign(server, { heard: server.told, told: server.heard });
    },
    async act(server, lib) {
      const client = new lib.WebSocket(`ws://127.0.0.1:${server.port}`);
      listen(client, server.heard);
      const closed = new Promise((resolve) => client.on('close', resolve));
      let wrong = false;
      let left = 2;
      client.on('open', () => {
        sendTo(client, server.heard, 'hello', {});
        sendTo(client, server.heard, LARGE, {});
      });
      client.on('message', (data) => {
        if (![5, LARGE.length].includes(data.length)) wrong = true;
        if (--left === 0) client.close(1000);
      });
      await closed;
      return wrong ? 'wrong bytes' : 'done';
    },
    close: closeServer
  },
  // One that does not read: what is sent waits, and is then closed.
  slowReader: {
    open: (lib) => echoServer(lib, 'port'),
    async act(server) {
      const client = server.connect();
      noteClose(client, server.told);
      const head = await client.upgrade();
      if (!head.startsWith('HTTP/1.1 101')) return 'refused';
      client.socket.pause();
      for (const socket of server.clients) {
        for (let i = 0; i < 16; i++) sendTo(socket, server.heard, LARGE);
        // More than is kept for the next one.
        sendTo(socket, server.heard, HUGE);
        socket.close(1000);
      }
      await turns(10);
      client.socket.resume();
      client.socket.on('end', () => client.socket.end(closeFrame(1000)));
      await client.until((bytes) => bytes.length > 16 * LARGE.length + HUGE.length);
      client.socket.end(closeFrame(1000));
      await client.closed;
      return 'done';
    },
    close: closeServer
  },
  // One message in many fragments, read in pieces, and one of megabytes.
  large: {
    open: (lib) => echoServer(lib, 'port'),
    async act(server) {
      const client = server.connect();
      noteClose(client, server.told);
      const head = await client.upgrade();
      if (!head.startsWith('HTTP/1.1 101')) return 'refused';
      const parts = Array.from({ length: 40 }, (_, i) =>
        frame(i === 0 ? 'binary' : 'continuation', LARGE.subarray(0, 10000), { fin: i === 39 })
      );
      for (const part of parts) await client.send(part);
      await client.send(frame('binary', HUGE));
      const isThere = (bytes) => parseFrames(bytes).frames.length >= 2;
      const { frames } = parseFrames(await client.until(isThere));
      const expected = [Buffer.concat(Array(40).fill(LARGE.subarray(0, 10000))), HUGE];
      const isWrong = frames.some(
        ({ opcode, payload }, i) => opcode === 2 && !payload.equals(expected[i])
      );
      client.socket.end(closeFrame(1000));
      await client.closed;
      return isWrong ? 'wrong bytes' : 'done';
    },
    close: closeServer
  },
  // The same for several who do not read, which is held once; and for each a message of its own.
  broadcast: {
    open: (lib) => echoServer(lib, 'port'),
    async act(server) {
      const clients = [0, 1, 2, 3].map(() => server.connect());
      for (const client of clients) {
        noteClose(client, server.told);
        const head = await client.upgrade();
        if (!head.startsWith('HTTP/1.1 101')) return 'refused';
        client.socket.pause();
      }
      let number = 0;
      for (const socket of server.clients) {
        for (let i = 0; i < 12; i++) sendTo(socket, server.heard, LARGE);
        for (const size of [100, 20000, 70000])
          sendTo(socket, server.heard, Buffer.alloc(size, ++number));
        sendTo(socket, server.heard, HUGE);
        socket.close(1000);
      }
      await turns(10);
      for (const client of clients) {
        client.socket.resume();
        client.socket.on('end', () => client.socket.end(closeFrame(1000)));
      }
      for (const client of clients) {
        await client.until((bytes) => bytes.length > 12 * LARGE.length + HUGE.length);
        client.socket.end(closeFrame(1000));
        await client.closed;
      }
      return 'done';
    },
    close: closeServer
  },
  // ws's Receiver, which has no connection.
  receiver: {
    open: () => ({}),
    async act(nothing, lib) {
      const receiver = new lib.Receiver({ isServer: true });
      let count = 0;
      receiver.on('message', (data) => (count += data.length > 0 ? 1 : 0));
      const failed = new Promise((resolve) => receiver.on('error', () => resolve('failed')));
      const small = Buffer.concat(Array(3000).fill(frame('binary', 'few')));
      const large = frame('binary', LARGE);
      receiver.write(small);
      for (let at = 0; at < large.length; at += 50000) {
        receiver.write(large.subarray(at, at + 50000));
      }
      const written = new Promise((resolve) =>
        receiver.end((error) => resolve(error ? 'failed' : 'done'))
      );
      const outcome = await Promise.race([written, failed]);
      if (outcome === 'done' && count !== 3001) throw new Error(`${count} messages`);
      return outcome;
    },
    close: () => {}
  },
  // A message that goes both ways as a stream, to and fro a client that does the same.
  streams: streaming(false),
  compressedStreams: streaming(true),
  // One that iterates over its messages, which leave in frames of a size.
  iteration: {
    async open(lib) {
      const server = await openSite(lib, 'port', { maxFrameSize: 30000, waitForListener: true });
      server.on('error', () => {});
      const heard = [];
      Object.assign(server, { heard, told: [] });
      server.on('connection', async (socket) => {
        listen(socket, heard);
        try {
          for await (const { data, isBinary } of socket.messages({ highWaterMark: 1 })) {
            sendTo(socket, heard, data, { binary: isBinary });
          }
        } catch {
          // The connection has failed.
        }
      });
      return server;
    },
    act: (server) => converse(server.connect(), server.told, true),
    close: closeServer
  },
  nodejsWebsocket: {
    async open() {
      const server = nodejsWebsocket.createServer((connection) => {
        connection.on('error', () => {});
        connection.on('text', (text) => connection.sendText(text));
        connection.on('binary', (stream) => stream.pipe(connection.beginBinary()));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    },
    act: (server) => converse(new RawClient(server.socket.address().port), [], true),
    async close(server) {
      for (const connection of [...server.connections]) connection.socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (server.connections.length > 0) throw new Error('Connections are left');
    }
  },
  // Nobody can listen.
  listen: {
    open: () => ({}),
    async act(nothing, lib) {
      const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
      const event = await new Promise((resolve) => {
        server.on('listening', () => resolve('listening'));
        server.on('error', () => resolve('error'));
      });
      if (event === 'listening') await new Promise((resolve) => server.close(resolve));
      return 'done';
    },
    close: () => {}
  }
};

/**
 * The loop, of one call and one error after the other. Resolves with how often each has failed until the
 * scenario passed without; rejects, or crashes, where something was not as it must be: each scenario
 * comes to its end, a server serves the next client, and nothing is left open. What it has come to it
 * sends to its parent.
 */
exports.faultLoop = async ({ lib, scenario, call, errors, size = 0 }) => {
  const { open, act, close } = SCENARIOS[scenario];
  // What is loaded late stays open, and what is made for all.
  const first = await open(lib);
  await act(first, lib);
  await close(first, lib);
  let before;
  const failures = {};
  const round = async (error, n) => {
    const number = error === 'SHORT' ? 0 : constants.errno[error];
    const subject = await open(lib);
    tell(`arm/${call}/${number}/${n}/${size}/once`);
    const outcome = await within(act(subject, lib), 'the scenario hangs');
    const { failed } = tell('disarm');
    if (outcome === 'wrong bytes') throw new Error(outcome);
    const next = await within(act(subject, lib), 'the next client hangs');
    if (next !== 'done') throw new Error(`the next client is ${next}`);
    await within(close(subject, lib), 'closing hangs');
    if (failed > 0 && MEMORY.has(call) && subject.heard) checkReasons(subject);
    await until(() => native.openSockets() === 0);
    await turns(10);
    before ??= descriptors();
    await until(() => descriptors() <= before);
    return failed > 0;
  };
  for (const error of errors) {
    for (let n = 0; ; n++) {
      if (n > MOST_CALLS) throw new Error(`${error}: still failing after ${n} calls`);
      process.send({ progress: `call ${n} fails with ${error}` });
      const hasFailed = await round(error, n);
      failures[error] = n;
      if (!hasFailed) break;
    }
  }
  return failures;
};

async function within(promise, complaint) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), 15000);
  });
  const result = await Promise.race([promise, late]);
  clearTimeout(timer);
  return result;
}

exports.SCENARIOS = Object.keys(SCENARIOS);
