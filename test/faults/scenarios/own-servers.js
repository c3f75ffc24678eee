'use strict';

// What programs and the machine do wrong with MyWebsocket, myWebsocket() and wsuv/nodejs-websocket.

const { once } = require('events');

const { exhaust } = require('../../helpers/descriptors');
const { frame, parseFrames } = require('../../helpers/frames');
const { RawClient } = require('../../helpers/raw-client');
const { turns, until } = require('../../helpers/sites');

// A server of each kind that echoes, unless the text is 'throw'; with its port and close().
const SERVERS = {
  async 'my-websocket'(lib) {
    const server = new lib.MyWebsocket({ port: 0, host: '127.0.0.1' });
    server.on('data', (data, peer) => peer.send(notThrown(data)));
    await once(server, 'listening');
    return { port: server.address().port, close: () => server.close() };
  },
  async smallest(lib) {
    const callback = (data, sendText) => sendText(notThrown(data));
    const server = lib.myWebsocket({ port: 0, host: '127.0.0.1', callback });
    await once(server, 'listening');
    return { port: server.address().port, close: () => server.close() };
  },
  async 'nodejs-websocket'() {
    const ws = require('../../../lib/nodejs-websocket');
    const server = ws.createServer((connection) => {
      connection.on('text', (text) => connection.sendText(notThrown(text)));
      connection.on('binary', (stream) => {
        stream.once('data', (data) => notThrown(String(data)));
        stream.pipe(connection.beginBinary());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: server.socket.address().port,
      close: () =>
        [...server.connections].forEach((connection) => connection.close()) ?? server.close()
    };
  }
};

function notThrown(data) {
  if (data === 'throw') throw new Error('on purpose');
  return data;
}

function countThrown() {
  const thrown = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error.message));
  return thrown;
}

async function connect({ port }) {
  const client = new RawClient(port);
  client.head = await client.upgrade();
  return client;
}

const textsOf = (client) =>
  parseFrames(client.received).frames.map(({ payload }) => String(payload));

/** Handlers that throw: what came with that message in the same packet still comes, here and elsewhere. */
exports.throwing = async ({ lib, kind }) => {
  const thrown = countThrown();
  const server = await SERVERS[kind](lib);
  const clients = await Promise.all([connect(server), connect(server)]);
  for (const client of clients) {
    await client.send(frame('text', 'before'), frame('text', 'thr', { fin: false }));
    await turns(20);
    await client.send(frame('continuation', 'ow'), frame('text', 'behind'));
  }
  for (const client of clients) await client.until(() => textsOf(client).length === 2);
  for (const client of clients) await client.end();
  server.close();
  return { thrown, texts: clients.map(textsOf) };
};

/** Listeners of 'error' that throw: 'close' comes all the same. */
exports.throwingErrors = async () => {
  const ws = require('../../../lib/nodejs-websocket');
  const thrown = countThrown();
  const log = [];
  const watch = (name, connection) => {
    connection.on('error', () => {
      throw new Error('on purpose');
    });
    connection.on('close', (code) => log.push([name, code, connection.readyState]));
  };
  const server = ws.createServer((connection) => watch('server', connection));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.socket.address();
  const wrong = await connect({ port });
  await wrong.send(frame(3, 'x'));
  await wrong.closed;
  await until(() => log.length === 1);
  const reset = await connect({ port });
  await reset.reset();
  await until(() => log.length === 2);
  await new Promise((resolve) => server.close(resolve));
  watch('client', ws.connect(`ws://127.0.0.1:${port}`));
  await until(() => log.length === 3);
  return { log, thrown, connections: server.connections.length };
};

/** Hooks of nodejs-websocket's that throw, or return what they may not. */
exports.hooks = async () => {
  const ws = require('../../../lib/nodejs-websocket');
  const thrown = countThrown();
  const outcomes = [];
  for (const what of ['throws', 'a b', 'a\r\nb: c', 5, {}, Promise.resolve('a')]) {
    const server = ws.createServer({
      selectProtocol() {
        if (what === 'throws') throw new Error('on purpose');
        return what;
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new RawClient(server.socket.address().port);
    await client.upgrade({ 'Sec-WebSocket-Protocol': 'a, b' });
    await client.closed;
    outcomes.push([client.received.length, server.connections.length]);
    await new Promise((resolve) => server.close(resolve));
  }
  return { outcomes, thrown };
};

/** Clients come while there are no descriptors, and when there are again. */
exports.descriptors = async ({ lib, kind, left }) => {
  const server = await SERVERS[kind](lib);
  const early = await connect(server);
  // Their descriptors are there before there are no more.
  const waiting = [1, 2, 3].map(() => new RawClient(server.port));
  const giveBack = exhaust(left);
  for (const client of waiting) client.upgrade();
  await turns(50);
  // One that was there before does not notice.
  await early.send(frame('text', 'hello'));
  await early.until(() => textsOf(early).length === 1);
  giveBack();
  const late = await connect(server);
  await late.send(frame('text', 'hello'));
  await late.until(() => textsOf(late).length === 1);
  for (const client of [early, late, ...waiting]) client.socket.destroy();
  await Promise.all([early, late, ...waiting].map(({ closed }) => closed));
  server.close();
  await until(() => lib.WebSocket && require('../../../lib/native/addon').openSockets() === 0);
  return { early: textsOf(early), late: textsOf(late) };
};
