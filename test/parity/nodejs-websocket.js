'use strict';

// What the tests of wsuv/nodejs-websocket have in common: both packages, and scripts for either end.

const { createHash } = require('crypto');
const { once } = require('events');
const net = require('net');
const tls = require('tls');

const original = require('nodejs-websocket');

const own = require('../../lib/nodejs-websocket');
const { frame, parseFrames } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');
const { certificate, plain } = require('./parity');

const DEFAULTS = [512 * 1024, 2 * 1024 * 1024];

function parity(title, scenario) {
  test(title, async () => {
    for (const lib of [original, own]) {
      lib.setBinaryFragmentation(DEFAULTS[0]);
      lib.setMaxBufferLength(DEFAULTS[1]);
    }
    const [expected, actual] = [await scenario(original), await scenario(own)];
    expect(actual).toEqual(expected);
    // A scenario that observes nothing compares nothing.
    expect(JSON.stringify(expected).length).toBeGreaterThan(10);
  });
}

// Writes down what comes, with the state in the handler.
function record(connection, log, name = '') {
  const note = (event, ...args) => {
    // The original tells of an abnormal end before it changes the state.
    const state = event === 'close' && args[0] === 1006 ? 'any state' : connection.readyState;
    log.push([`${name}${event}`, ...args.map(plain), state]);
  };
  for (const event of ['connect', 'text', 'pong', 'error', 'close']) {
    connection.on(event, (...args) => note(event, ...args));
  }
  connection.on('binary', (stream) => {
    const chunks = [];
    note('binary');
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => note('end of binary', Buffer.concat(chunks)));
  });
}

// Resolves with what comes with an event. (once() of Node's would take an 'error' for an end.)
function heard(connection, event) {
  return new Promise((resolve) => connection.once(event, (...args) => resolve(args)));
}

async function startServer(lib, onConnection, options = {}) {
  const server = lib.createServer(options, onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: server.socket.address().port };
}

async function stopServer(server) {
  for (const connection of [...server.connections]) connection.socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

// One raw client and a server of the package. `act` is what the client does.
async function converse(lib, { options, headers, line, onConnection = () => {}, client: act }) {
  const log = [];
  const { server, port } = await startServer(
    lib,
    (connection) => {
      record(connection, log);
      onConnection(connection, log, server);
    },
    options
  );
  const client = new RawClient(port, { secure: options?.secure });
  const head = await client.upgrade(headers, line);
  await act(client, server, log);
  client.socket.end();
  await client.closed;
  await stopServer(server);
  return { head, log, frames: plainFrames(client.received) };
}

function plainFrames(bytes) {
  const { frames, rest } = parseFrames(bytes);
  return [
    ...frames.map(({ fin, opcode, payload }) => [
      fin,
      opcode,
      payload.length > 100 ? `${payload.length} bytes` : payload.toString('latin1')
    ]),
    rest.toString('latin1')
  ];
}

// Resolves when the server has seen all that the client has sent.
async function settle(client) {
  const answers = () => parseFrames(client.received).frames.filter(({ opcode }) => opcode === 10);
  const before = answers().length;
  await client.send(frame('ping', 'settle'));
  await client.until(() => answers().length > before);
}

async function until(condition) {
  while (!condition()) await new Promise(setImmediate);
}

// A server of TCP that answers a request with the lines that `answer` makes of the key, and keeps the
// bytes.
async function startRaw(answer, secure = false) {
  const server = secure ? tls.createServer(certificate()) : net.createServer();
  server.requests = [];
  server.received = Buffer.alloc(0);
  const onSocket = (socket) => {
    let head = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (head.includes('\r\n\r\n')) {
        server.received = Buffer.concat([server.received, chunk]);
      } else {
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        const end = head.indexOf('\r\n\r\n') + 4;
        server.received = Buffer.from(head.slice(end), 'latin1');
        server.requests.push(head.slice(0, end));
        const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(head);
        const text = answer(acceptValue(key), socket);
        if (text !== undefined) socket.write(text);
      }
      server.emit('bytes');
    });
    server.client = socket;
  };
  server.on(secure ? 'secureConnection' : 'connection', onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function acceptValue(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

const accepting =
  (...lines) =>
  (accept) =>
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      ...lines,
      '\r\n'
    ].join('\r\n');

// The frames of a client, without their masks.
function clientFrames(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 1] & 127;
    const size =
      length === 126
        ? bytes.readUInt16BE(at + 2)
        : length === 127
          ? bytes.readUInt32BE(at + 6)
          : length;
    const start = at + 2 + (length === 126 ? 2 : length === 127 ? 8 : 0);
    const mask = bytes.subarray(start, start + 4);
    const payload = bytes
      .subarray(start + 4, start + 4 + size)
      .map((byte, i) => byte ^ mask[i % 4]);
    if (payload.length < size) break;
    const text = Buffer.from(payload).toString('latin1');
    const isMasked = bytes[at + 1] >= 128;
    found.push([bytes[at], isMasked, size > 100 ? `${size} bytes` : text]);
    at = start + 4 + size;
  }
  return found;
}

const unmasked = (type, payload, options) => frame(type, payload, { ...options, masked: false });

// Without a reset, of which the original would tell.
async function endSocket(socket) {
  if (socket === undefined || socket.destroyed) return;
  const closed = once(socket, 'close');
  socket.end();
  await closed;
}

// One client of the package and a raw server.
async function visit(lib, { answer = accepting(), secure, options, path = '/', act = () => {} }) {
  const log = [];
  const server = await startRaw(answer, secure);
  const { port } = server.address();
  const address = `${secure ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`;
  const connection = lib.connect(address, { ...options, rejectUnauthorized: false });
  record(connection, log);
  const closed = heard(connection, 'close');
  await act(connection, server, log);
  await closed;
  await endSocket(server.client);
  await new Promise((resolve) => server.close(resolve));
  return {
    log,
    frames: clientFrames(server.received),
    requests: server.requests,
    connection,
    port
  };
}

module.exports = {
  accepting,
  clientFrames,
  converse,
  endSocket,
  heard,
  original,
  own,
  parity,
  plainFrames,
  record,
  settle,
  startRaw,
  startServer,
  stopServer,
  unmasked,
  until,
  visit
};
