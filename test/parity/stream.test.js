'use strict';

// createWebSocketStream(), on both ends of a connection.

const { once } = require('events');

const ws = require('ws');

const { frame, closeFrame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { parity, plain, start, stop } = require('./parity');

expectNothingLeftOpen();

function watch(stream, log, name) {
  for (const event of ['end', 'finish', 'close', 'error']) {
    stream.on(event, (...args) => log.push([name, event, ...args.map(plain)]));
  }
}

// A server's stream, with a raw client.
function serving(options, act, client) {
  return async (lib) => {
    const { server, port } = await start(lib);
    const log = [];
    const done = new Promise((resolve) => {
      server.on('connection', (socket) => {
        socket.on('close', (code) => log.push(['ws close', code]));
        const stream = lib.createWebSocketStream(socket, options);
        watch(stream, log, 'stream');
        stream.on('close', resolve);
        act(stream, log, socket);
      });
    });
    const raw = new RawClient(port);
    await raw.upgrade();
    await client(raw);
    await done;
    await raw.closed;
    await stop(server);
    return [log, raw.received.toString('latin1')];
  };
}

const answerClose = async (raw) => {
  await raw.until((bytes) => bytes.includes(0x88));
  await raw.send(closeFrame(1000));
  raw.socket.end();
};

parity(
  'what is written goes out, and end() closes',
  serving(
    {},
    (stream) => {
      stream.write('text');
      stream.write(Buffer.from('bytes'));
      stream.end('last');
      stream.resume();
    },
    answerClose
  )
);

parity(
  'messages are read',
  serving(
    {},
    (stream, log) => {
      stream.on('data', (data) => log.push(plain(data)));
      stream.on('end', () => stream.end());
    },
    async (raw) => {
      await raw.send(frame('text', 'a'), frame('binary', 'b'), frame('text', ''), closeFrame(1000));
      await raw.until((bytes) => bytes.includes(0x88));
      raw.socket.end();
    }
  )
);

parity(
  'in object mode text comes as strings',
  serving(
    { readableObjectMode: true },
    (stream, log) => {
      stream.on('data', (data) => log.push(plain(data)));
      stream.on('end', () => stream.end());
    },
    async (raw) => {
      await raw.send(frame('text', 'a'), frame('binary', 'b'), closeFrame(1000));
      await raw.until((bytes) => bytes.includes(0x88));
      raw.socket.end();
    }
  )
);

parity(
  'destroy() drops the connection',
  serving(
    {},
    (stream) => stream.destroy(),
    (raw) => raw.closed
  )
);

parity(
  'destroy() with an error',
  serving(
    {},
    (stream) => stream.destroy(new Error('mine')),
    (raw) => raw.closed
  )
);

parity(
  'an error of the peer destroys it',
  serving(
    {},
    (stream) => stream.resume(),
    async (raw) => {
      await raw.send(frame(3, 'bad'));
      await raw.until((bytes) => bytes.includes(0x88));
      raw.socket.end();
    }
  )
);

parity(
  'a reader that does not read pauses the connection',
  serving(
    { readableHighWaterMark: 4 },
    (stream, log, socket) => {
      setTimeout(() => {
        log.push(['paused', socket.isPaused]);
        stream.on('data', (data) => log.push(data.length));
        stream.on('end', () => stream.end());
      }, 50);
    },
    async (raw) => {
      await raw.send(frame('binary', Buffer.alloc(10)));
      await raw.send(frame('binary', Buffer.alloc(20)));
      await raw.send(closeFrame(1000));
      await raw.until((bytes) => bytes.includes(0x88));
      raw.socket.end();
    }
  )
);

parity('a client writes before it is open', async (lib) => {
  const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const log = [];
  server.on('connection', (peer) => {
    peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
  });
  const client = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`, {
    perMessageDeflate: false
  });
  const stream = lib.createWebSocketStream(client, { encoding: 'utf8' });
  watch(stream, log, 'stream');
  stream.write('early');
  stream.once('data', (data) => {
    log.push(data);
    stream.end();
    stream.resume();
  });
  await once(stream, 'close');
  await new Promise((resolve) => server.close(resolve));
  return log;
});

parity('a client that cannot connect', async (lib) => {
  const client = new lib.WebSocket('ws://127.0.0.1:1', { perMessageDeflate: false });
  const log = [];
  const stream = lib.createWebSocketStream(client);
  watch(stream, log, 'stream');
  stream.end('never');
  await new Promise((resolve) => stream.on('close', resolve));
  return log;
});
