'use strict';

// What was sent and not taken by the kernel waits, under ws, in the stream of `_socket`, which tells of
// it; and what is done to that stream happens to messages.

const { once } = require('events');
const http = require('http');

const { frame, parseFrames } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, endsWithCloseFrame, parity, stop } = require('./parity');

expectNothingLeftOpen();

const MANY = Buffer.alloc(6_000_000);

// A connection whose client reads when it is told to; on a port and on an HTTP server.
const everywhere = (title, use) => {
  for (const onHttp of [false, true]) {
    parity(`${title}, ${onHttp ? 'on an HTTP server' : 'on a port'}`, async (lib) => {
      const log = [];
      const web = http.createServer();
      const server = new lib.WebSocketServer(
        onHttp ? { server: web } : { port: 0, host: '127.0.0.1' }
      );
      if (onHttp) web.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = new RawClient(server.address().port);
      const connected = once(server, 'connection');
      await client.upgrade();
      const [peer] = await connected;
      // Counted only: to keep it takes long.
      client.size = 0;
      client.socket.removeAllListeners('data');
      client.socket.on('data', (chunk) => (client.size += chunk.length));
      const closed = once(peer, 'close');
      await use({ client, log, peer, socket: peer._socket });
      peer.terminate();
      client.socket.resume();
      await closed;
      await client.closed;
      await stop(server);
      await new Promise((resolve) => web.close(resolve));
      return log;
    });
  }
};

const describeQueue = (socket) => [
  socket.writableLength > 0,
  socket.bufferSize > 0,
  socket._writableState.length > 0,
  socket.writableNeedDrain,
  socket._writableState.needDrain
];

everywhere('messages that wait are seen', async ({ client, log, peer, socket }) => {
  log.push(describeQueue(socket));
  client.socket.pause();
  peer.send(MANY);
  log.push(describeQueue(socket));
  const drained = once(socket, 'drain');
  client.socket.resume();
  await drained;
  log.push(describeQueue(socket), socket.writableLength);
});

everywhere(
  "who always listens for 'drain' hears of each",
  async ({ client, log, peer, socket }) => {
    let count = 0;
    socket.on('drain', () => count++);
    for (let i = 1; i <= 3; i++) {
      client.socket.pause();
      peer.send(MANY);
      client.socket.resume();
      while (count < i) await new Promise(setImmediate);
      log.push(count);
    }
  }
);

everywhere("'drain' comes where the kernel takes all at once", async ({ log, peer, socket }) => {
  peer.send(Buffer.alloc(100_000));
  await once(socket, 'drain');
  log.push(socket.writableLength);
});

everywhere("'drain' does not come for what is small", async ({ log, peer, socket }) => {
  socket.on('drain', () => log.push('drain'));
  await new Promise((resolve) => peer.send('small', resolve));
  await new Promise(setImmediate);
});

everywhere('a write behind messages that wait says so', async ({ client, log, peer, socket }) => {
  client.socket.pause();
  peer.send(MANY);
  const bytes = frame('text', 'raw', { masked: false });
  log.push(socket.write(bytes, () => log.push('written')));
  const before = socket.writableLength;
  log.push(before > bytes.length, before <= MANY.length + 10 + bytes.length);
  socket.write(bytes, () => log.push('written, too'));
  log.push(socket.writableLength - before);
  socket.write(new Uint8Array(bytes));
  log.push(socket.writableLength - before);
  const drained = once(socket, 'drain');
  client.socket.resume();
  await drained;
  log.push(describeQueue(socket), socket.writableLength);
  log.push(socket.write(bytes));
});

everywhere('it is ended behind what waits', async ({ client, log, peer, socket }) => {
  client.socket.pause();
  peer.send(MANY);
  socket.on('finish', () => log.push('finish'));
  socket.end(frame('text', 'raw', { masked: false }));
  log.push(socket.writableEnded, socket.writableNeedDrain);
  client.socket.resume();
  await once(client.socket, 'end');
  log.push(client.size);
});

everywhere('a peer that ends gets what waits', async ({ client, log, peer, socket }) => {
  client.socket.pause();
  peer.send(MANY);
  socket.on('end', () => log.push('end'));
  const ended = once(socket, 'end');
  client.socket.end();
  await ended;
  client.socket.resume();
  await once(client.socket, 'end');
  log.push(client.size);
});

everywhere('it is idle once for each time that it is not', async ({ log, peer, socket }) => {
  socket.on('timeout', () => log.push('timeout'));
  socket.setTimeout(40);
  await once(socket, 'timeout');
  // Twice and more of it without another one.
  await new Promise((resolve) => setTimeout(resolve, 130));
  log.push('long after');
  peer.send('something');
  await once(socket, 'timeout');
  log.push(socket.timeout);
  socket.setTimeout(0);
});

everywhere('corked, nothing leaves', async ({ client, log, peer, socket }) => {
  socket.cork();
  socket.cork();
  peer.send('one', () => log.push('one has left'));
  peer.send(Buffer.alloc(200_000), () => log.push('two has left'));
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  log.push(client.size, socket.writableLength > 200_000);
  socket.uncork();
  log.push(socket.writableCorked);
  socket.uncork();
  while (client.size < 200_015) await new Promise(setImmediate);
  log.push(client.size, socket.writableCorked);
});

everywhere('corked, the end lets all go', async ({ client, log, peer, socket }) => {
  socket.cork();
  peer.send('one');
  socket.end();
  await once(client.socket, 'end');
  log.push(client.size);
});

parity('what was corked arrives in order', async (lib) => {
  const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const client = new RawClient(server.address().port);
  const connected = once(server, 'connection');
  await client.upgrade();
  const [peer] = await connected;
  peer.send('first');
  peer._socket.cork();
  peer.send('second');
  peer._socket.write(frame('text', 'third', { masked: false }));
  peer.send('fourth');
  peer._socket.uncork();
  peer.send('fifth');
  await client.send(bye);
  await client.until(endsWithCloseFrame);
  await client.end();
  await stop(server);
  return parseFrames(client.received).frames.map(({ payload }) => payload.toString('latin1'));
});

everywhere(
  'what is written and sent in turn waits in order',
  async ({ client, log, peer, socket }) => {
    client.socket.pause();
    client.socket.removeAllListeners('data');
    const chunks = [];
    client.socket.on('data', (chunk) => chunks.push(chunk));
    client.socket.pause();
    const raw = (text) => frame('text', text, { masked: false });
    peer.send(MANY);
    socket.write(raw('one'));
    peer.send('two');
    socket.write(raw('three'), () => log.push('three was written'));
    socket.write(raw('four').toString('hex'), 'hex');
    peer.send('five');
    socket.end(raw('six'));
    client.socket.resume();
    await once(client.socket, 'end');
    const { frames } = parseFrames(Buffer.concat(chunks));
    log.push(frames.map(({ payload }) => payload.subarray(0, 10).toString('latin1')));
  }
);

describe('listeners for data', () => {
  const ways = {
    'on, and off': (socket, listener) => {
      socket.on('data', listener);
      return () => socket.off('data', listener);
    },
    'prependListener, and removeListener': (socket, listener) => {
      socket.prependListener('data', listener);
      return () => socket.removeListener('data', listener);
    },
    once: (socket, listener) => {
      socket.once('data', listener);
      return () => {};
    },
    prependOnceListener: (socket, listener) => {
      socket.prependOnceListener('data', listener);
      return () => {};
    }
  };
  for (const [title, listen] of Object.entries(ways)) {
    everywhere(title, async ({ client, log, peer, socket }) => {
      const heard = () => once(peer, 'message').then(([data]) => log.push(String(data)));
      const stopListening = listen(socket, (chunk) => log.push(chunk.length));
      for (const text of ['one', 'two', 'three']) {
        const message = heard();
        await client.send(frame('text', text));
        await message;
        if (text === 'two') stopListening();
      }
      log.push(socket.listenerCount('data'));
    });
  }
});
