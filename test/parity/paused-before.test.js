'use strict';

// What a program did to a socket before it gave it to handleUpgrade().

const { once } = require('events');
const http = require('http');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient, upgradeRequest } = require('../helpers/raw-client');
const { parity } = require('./parity');

expectNothingLeftOpen();

// `prepare` gets the socket before, `use` the connection and its peer.
async function upgrade(lib, early, prepare, use) {
  const log = [];
  const web = http.createServer();
  const server = new lib.WebSocketServer({ noServer: true });
  const connected = new Promise((resolve) =>
    web.on('upgrade', (req, socket, head) => {
      prepare(socket);
      server.handleUpgrade(req, socket, head, (ws) => resolve({ socket, ws }));
    })
  );
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const peer = new RawClient(web.address().port);
  await peer.send(upgradeRequest(), ...early);
  await peer.response();
  const { socket, ws } = await connected;
  ws.on('message', (data) => log.push(['message', data.length]));
  socket.on('error', () => {});
  const closed = new Promise((resolve) =>
    ws.on('close', (code) => {
      log.push(['close', code]);
      resolve();
    })
  );
  await use({ closed, log, peer, socket, ws });
  ws.terminate();
  await closed;
  peer.socket.destroy();
  await new Promise((resolve) => web.close(resolve));
  return log;
}

const text = (size) => frame('text', 'x'.repeat(size));
const pause = (socket) => socket.pause();

for (const early of [[], [text(5)]]) {
  describe(`paused, with ${early.length} messages behind the request`, () => {
    parity('reads on into memory', (lib) =>
      upgrade(lib, early, pause, async ({ log, peer, socket }) => {
        const { bytesRead } = socket;
        await peer.send(text(1000));
        while (socket.bytesRead < bytesRead + 1000) await new Promise(setImmediate);
        log.push('read');
      }).then((log) => log.slice(0, 1))
    );

    parity('hears of a reset', (lib) =>
      upgrade(lib, early, pause, async ({ closed, peer }) => {
        peer.socket.resetAndDestroy();
        await closed;
      })
    );

    parity('delivers it all when it is resumed', (lib) =>
      upgrade(lib, early, pause, async ({ closed, log, peer, socket }) => {
        await peer.send(text(30_000), text(7));
        peer.socket.end();
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push(socket.isPaused());
        socket.resume();
        await closed;
      })
    );
  });
}

parity('a time-out that it had is no longer', (lib) =>
  upgrade(
    lib,
    [],
    (socket) => socket.setTimeout(60_000),
    async ({ log, socket }) => log.push(socket.timeout)
  )
);

const EVENTS = ['close', 'data', 'end', 'error'];
for (const [title, prepare] of [
  ['', () => {}],
  [', with a listener for data of its own', (socket) => socket.on('data', () => {})]
]) {
  parity(`has the listeners of ws, and none when it is closed${title}`, (lib) =>
    upgrade(lib, [], prepare, async ({ closed, log, socket, ws }) => {
      const counts = () => EVENTS.map((event) => socket.listenerCount(event));
      log.push(
        counts(),
        Object.keys(socket)
          .filter((key) => !key.startsWith('_'))
          .sort()
      );
      ws.terminate();
      await closed;
      log.push(counts());
    })
  );
}
