'use strict';

// What breaks a connection is told with its cause: by `_socket`, and to callbacks.

const { once } = require('events');
const http = require('http');
const net = require('net');
const { finished } = require('stream');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, endsWithCloseFrame, parity, plain, stop } = require('./parity');

expectNothingLeftOpen();

function watch(socket, log) {
  for (const event of ['end', 'error', 'close']) {
    socket.on(event, (...args) => log.push([`socket: ${event}`, ...args.map(plain)]));
  }
  finished(socket, (error) => log.push(['finished', plain(error)]));
}

// The server's end of a connection, in each of the ways to get one: `use` gets it and its peer.
const SERVERS = {
  'on a port': (lib) => [new lib.WebSocketServer({ port: 0, host: '127.0.0.1' })],
  'on an HTTP server': (lib) => {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ server: web });
    web.listen(0, '127.0.0.1');
    return [server, web];
  },
  'by handleUpgrade()': (lib) => {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ noServer: true });
    web.on('upgrade', (req, socket, head) =>
      server.handleUpgrade(req, socket, head, (peer) => server.emit('connection', peer, req))
    );
    web.listen(0, '127.0.0.1');
    return [server, web];
  }
};

async function atServer(lib, where, use) {
  const log = [];
  const [server, web] = SERVERS[where](lib);
  await once(web ?? server, 'listening');
  const client = new RawClient((web ?? server).address().port);
  const connected = once(server, 'connection');
  await client.upgrade();
  const [peer] = await connected;
  const closed = new Promise((resolve) =>
    peer.on('close', (...args) => resolve(log.push(['close', ...args.map(plain)])))
  );
  peer.on('error', (error) => log.push(['error', plain(error)]));
  await use({ client, log, peer, server });
  await closed;
  client.socket.destroy();
  await stop(server);
  if (web) await new Promise((resolve) => web.close(resolve));
  return log;
}

// A server that does the handshake and gives its socket away.
async function atClient(lib, use) {
  const log = [];
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`, {
    perMessageDeflate: false
  });
  const [socket] = await once(server, 'connection');
  socket.on('error', () => {});
  const [head] = await once(socket, 'data');
  const [, key] = /sec-websocket-key: (\S+)/i.exec(head);
  const accept = require('crypto')
    .createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
  await once(client, 'open');
  const closed = new Promise((resolve) =>
    client.on('close', (...args) => resolve(log.push(['close', ...args.map(plain)])))
  );
  client.on('error', (error) => log.push(['error', plain(error)]));
  await use({ client: { socket }, log, peer: client });
  await closed;
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return log;
}

const everywhere = (title, use) => {
  for (const where of Object.keys(SERVERS)) {
    parity(`${title}: ${where}`, (lib) => atServer(lib, where, use));
  }
  parity(`${title}: a client`, (lib) => atClient(lib, use));
};

everywhere('a peer that resets the connection', ({ client, log, peer }) => {
  watch(peer._socket, log);
  client.socket.resetAndDestroy();
});

everywhere('a peer that resets it while the socket is unknown', async ({ client, log, peer }) => {
  client.socket.resetAndDestroy();
  await once(peer, 'close');
  const socket = peer._socket;
  // Its events are over.
  watch(socket, log);
  log.push(plain(socket.errored), socket === peer._socket);
  log.push(socket.destroyed, socket.readable, socket.writable, socket.readableEnded);
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  log.push(socket.readableEnded, socket.writableFinished, plain(socket.errored));
});

everywhere('a peer that resets it, with messages that wait', async ({ client, log, peer }) => {
  client.socket.pause();
  watch(peer._socket, log);
  const data = Buffer.alloc(8_000_000);
  for (const name of ['one', 'two', 'three']) {
    // Of the one under way, Node's streams say that all is well.
    peer.send(data, (error) => log.push([name, name === 'one' || plain(error)]));
  }
  // The kernel has taken some of it.
  await new Promise(setImmediate);
  client.socket.resetAndDestroy();
});

everywhere('a peer that ends', ({ client, log, peer }) => {
  watch(peer._socket, log);
  client.socket.end();
});

everywhere('terminate()', ({ log, peer }) => {
  watch(peer._socket, log);
  peer.terminate();
  log.push([peer._socket.destroyed, peer._socket.readable, peer._socket.writable]);
});

everywhere('_socket.destroy() with an error', ({ log, peer }) => {
  watch(peer._socket, log);
  peer._socket.destroy(new Error('mine'));
});

everywhere('_socket.resetAndDestroy()', ({ log, peer }) => {
  watch(peer._socket, log);
  peer._socket.resetAndDestroy();
});

everywhere('a write behind the end', async ({ client, log, peer }) => {
  const { _socket: socket } = peer;
  watch(socket, log);
  socket.end();
  socket.write('late', (error) => log.push(['written', plain(error)]));
  client.socket.end();
});

parity('a closing handshake is no error', (lib) =>
  atServer(lib, 'on a port', async ({ client, log, peer }) => {
    watch(peer._socket, log);
    await client.send(frame('ping', 'x'), bye);
    await client.until(endsWithCloseFrame);
    client.socket.end();
  })
);
