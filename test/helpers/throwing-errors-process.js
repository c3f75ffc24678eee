'use strict';

// Handlers of 'error' that throw where a fault and the end of the connection come together: what comes
// of each connection is printed. Whatever is thrown, there has to be a 'close'.

const { once } = require('events');
const { Duplex } = require('stream');

const { WebSocketServer } = require('../..');
const nodejsWebsocket = require('../../lib/nodejs-websocket');
const { frame } = require('./frames');
const { RawClient, upgradeRequest } = require('./raw-client');

const thrown = [];
process.on('uncaughtException', (error) => thrown.push(error.message));

const BAD_FRAME = frame(3, 'an opcode that is none');

// A connection whose 'error' handler throws, and what it hears.
function record(ws) {
  const log = [];
  ws.on('error', (error) => {
    log.push(error.code);
    throw new Error('of the handler');
  });
  ws.on('close', (code) => log.push(code));
  return log;
}

async function end(log, ws, server) {
  // Twice the turns that anything takes here: what is missing then does not come.
  for (let turns = 0; turns < 100 && typeof log.at(-1) !== 'number'; turns++) {
    await new Promise(setImmediate);
  }
  const { readyState } = ws;
  const clients = server.clients?.size ?? server.connections.length;
  ws._socket?.destroy?.();
  server.close();
  return { log, readyState, clients, thrown: thrown.splice(0) };
}

// A server's end on a Duplex, to which bytes and the end come in one turn.
async function onDuplex(options, feed, prepare = () => {}) {
  const server = new WebSocketServer({ noServer: true, clientTracking: true, ...options });
  const socket = new Duplex({ read() {}, write: (chunk, encoding, done) => done() });
  const headers = Object.fromEntries(
    upgradeRequest()
      .split('\r\n')
      .map((line) => line.split(': '))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.toLowerCase(), value])
  );
  const req = { headers, method: 'GET', url: '/', socket };
  const ws = await new Promise((resolve) => {
    server.handleUpgrade(req, socket, Buffer.alloc(0), resolve);
  });
  const log = record(ws);
  prepare(ws);
  feed(socket);
  return end(log, ws, server);
}

// One on a port; `prepare` ends it when what was sent has been read.
async function onPort(options, bytes, prepare) {
  const server = new WebSocketServer({ port: 0, ...options });
  await once(server, 'listening');
  const client = new RawClient(server.address().port);
  const connected = once(server, 'connection');
  await client.upgrade();
  const [ws] = await connected;
  const log = record(ws);
  const prepared = prepare(ws);
  await client.send(...bytes);
  await prepared;
  const result = await end(log, ws, server);
  client.socket.destroy();
  return result;
}

const MESSAGE = frame('binary', 'a message that nobody reads');
const deferred = { allowSynchronousEvents: false };
const streamed = { streamThreshold: 1 };

const cases = {
  'a bad frame and the end behind a message that was put off': () =>
    onDuplex(deferred, (socket) => {
      socket.push(Buffer.concat([frame('text', 'first'), BAD_FRAME]));
      socket.push(null);
    }),
  'the same, where a listener of the Receiver throws before anything is done about it': () =>
    onDuplex(
      deferred,
      (socket) => {
        socket.push(Buffer.concat([frame('text', 'first'), BAD_FRAME]));
        socket.push(null);
      },
      (ws) =>
        ws._receiver.prependListener('error', () => {
          throw new Error('of the listener');
        })
    ),
  'the same, destroyed': () =>
    onDuplex(deferred, (socket) => {
      socket.push(Buffer.concat([frame('text', 'first'), BAD_FRAME]));
      setImmediate(() => socket.destroy());
    }),
  'a bad frame behind a message that nobody reads, terminated, on a port': () =>
    onPort(streamed, [MESSAGE, BAD_FRAME], async (ws) => {
      await once(ws, 'stream');
      await new Promise(setImmediate);
      ws.terminate();
    }),
  'a bad frame behind a message that was put off, terminated, on a port': () =>
    onPort(deferred, [MESSAGE, BAD_FRAME], async (ws) => {
      await once(ws, 'message');
      ws.terminate();
    })
};

async function onConnection(act) {
  const server = nodejsWebsocket.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new RawClient(server.socket.address().port);
  const connected = once(server, 'connection');
  await client.upgrade();
  const [connection] = await connected;
  const log = record(connection);
  const stream = connection.beginBinary();
  await act(client, connection);
  const result = await end(log, connection, server);
  client.socket.destroy();
  if (!stream.destroyed) await new Promise((resolve) => stream.on('close', resolve));
  connection.socket.destroy();
  return { ...result, outStream: connection.outStream };
}

cases['a bad frame, of nodejs-websocket'] = () =>
  onConnection(async (client) => {
    await client.send(BAD_FRAME);
    await client.closed;
  });
cases['a reset, of nodejs-websocket'] = () => onConnection((client) => client.reset());

async function main() {
  const results = {};
  for (const [name, run] of Object.entries(cases)) results[name] = await run();
  console.log(JSON.stringify(results));
}

main();
