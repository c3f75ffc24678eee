'use strict';

const { createHash } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');
const { Duplex } = require('stream');
const { finished } = require('stream/promises');

const ws = require('ws');

const { WebSocket, WebSocketServer } = require('../..');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { Random } = require('../stress/random');

expectNothingLeftOpen();

const helper = (name) => path.join(__dirname, '..', 'helpers', name);
const SEEDS = Number(process.env.WSUV_TEST_SEEDS || 6);
const turn = () => new Promise(setImmediate);

function randomOf(seed) {
  const numbers = new Random(seed);
  return (below) => numbers.below(below);
}

// A stream that is no socket.
function duplexOf(socket) {
  const duplex = Duplex.from({ readable: socket, writable: socket });
  duplex.on('error', () => {});
  return duplex;
}

async function served(options, server, take = (socket) => socket) {
  const wss = new WebSocketServer({ noServer: true, ...options });
  server.on('upgrade', (req, socket, head) => {
    wss.handleUpgrade(req, take(socket), head, (made) => wss.emit('connection', made, req));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { stop: () => new Promise((resolve) => server.close(resolve)), server, wss };
}

async function meet({ server, stop, wss }, isSecure) {
  const connected = once(wss, 'connection');
  const url = `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}`;
  const peer = new ws.WebSocket(url, { rejectUnauthorized: false });
  const opened = once(peer, 'open');
  const [ours] = await connected;
  await opened;
  return { ours, peer, stop };
}

/** Ways to a WebSocket of ours whose peer is one of ws. */
const WAYS = {
  async port(options) {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
    await once(wss, 'listening');
    return meet({ server: wss, stop: () => new Promise((resolve) => wss.close(resolve)), wss });
  },
  async server(options) {
    const server = http.createServer();
    const wss = new WebSocketServer({ server, ...options });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return meet({ server, stop: () => new Promise((resolve) => server.close(resolve)), wss });
  },
  noServer: async (options) => meet(await served(options, http.createServer())),
  async tls(options) {
    const server = https.createServer({
      cert: fs.readFileSync(helper('tls-cert.pem')),
      key: fs.readFileSync(helper('tls-key.pem'))
    });
    return meet(await served(options, server), true);
  },
  duplex: async (options) => meet(await served(options, http.createServer(), duplexOf)),
  async client(options) {
    const server = new ws.WebSocketServer({ host: '127.0.0.1', perMessageDeflate: true, port: 0 });
    await once(server, 'listening');
    const connected = once(server, 'connection');
    const ours = new WebSocket(`ws://127.0.0.1:${server.address().port}`, options);
    const opened = once(ours, 'open');
    const [peer] = await connected;
    await opened;
    return { ours, peer, stop: () => new Promise((resolve) => server.close(resolve)) };
  }
};

function digest(isBinary, data) {
  return `${isBinary ? 'binary' : 'text'} ${data.length} ${createHash('sha1').update(data).digest('hex')}`;
}

// Does things at random. Returns what the peer should get, and promises for all callbacks.
function act(ours, random, count) {
  const expected = [];
  const pings = [];
  const called = [];
  const streams = [];
  const work = [];
  const bytes = (most) => Buffer.alloc(random(most), `${random(1000)} and so on `);
  const callback = (index) => (error) => called.push([index, error ?? null]);
  const pause = async () => {
    for (let i = random(4); i > 0; i--) await turn();
  };

  async function write(stream, chunks) {
    for (const chunk of chunks) {
      if (stream.destroyed) return;
      stream.write(chunk);
      await pause();
    }
    stream.end();
  }

  const settled = (promise, i) => {
    work.push(promise.then(() => callback(i)(null), callback(i)));
  };

  async function run() {
    for (let i = 0; i < count && ours.readyState === ours.OPEN; i++) {
      const kind = random(8);
      const options = { compress: random(3) > 0 };
      if (random(2) === 0) options.maxFrameSize = [0, 100, 5000, 70_000][random(4)];
      if (kind < 3) {
        const data = bytes([50, 5000, 300_000][kind]);
        expected.push(digest(random(2) === 0, data));
        ours.send(data, { ...options, binary: expected.at(-1).startsWith('b') }, callback(i));
      } else if (kind === 3) {
        const data = bytes(10_000);
        expected.push(digest(true, data));
        ours.send(new Blob([data]), options, callback(i));
      } else if (kind === 4) {
        const data = bytes(100);
        pings.push(String(data));
        ours.ping(data);
      } else {
        const binary = random(2) === 0;
        const chunks = Array.from({ length: random(5) }, () =>
          bytes([10, 3000, 200_000][random(3)])
        );
        expected.push(digest(binary, Buffer.concat(chunks)));
        const { compress } = options;
        if (kind === 5) {
          settled(ours.sendStream(chunks, { binary, compress }), i);
        } else {
          const stream = ours.createMessageStream({ binary, compress });
          streams.push(stream);
          settled(finished(stream), i);
          write(stream, chunks);
        }
      }
      await pause();
    }
    await Promise.all(work);
  }

  return { called, done: run(), expected, pings, streams };
}

const OPTIONS = [
  { perMessageDeflate: false },
  { perMessageDeflate: true },
  {
    maxFrameSize: 1000,
    perMessageDeflate: { asyncThreshold: 20_000, serverNoContextTakeover: true }
  }
];

describe.each(Object.keys(WAYS))('by %s', (way) => {
  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'whatever is sent arrives in order and whole, with the seed %i',
    async (seed) => {
      const random = randomOf(seed);
      const { ours, peer, stop } = await WAYS[way](OPTIONS[seed % OPTIONS.length]);
      const got = [];
      const gotPings = [];
      peer.on('message', (data, isBinary) => got.push(digest(isBinary, data)));
      peer.on('ping', (data) => gotPings.push(String(data)));
      if (random(2) === 0) {
        // One that stops reading now and then.
        const stopping = () => {
          peer.pause();
          setTimeout(() => peer.resume(), 5);
        };
        peer.on('message', () => random(3) === 0 && stopping());
      }
      const { called, done, expected, pings } = act(ours, random, 25);
      await done;
      const closed = [once(ours, 'close'), once(peer, 'close')];
      ours.close(4000, 'that was it');
      const [[code]] = await Promise.all(closed);
      expect(code).toBe(4000);
      expect(got).toEqual(expected);
      expect(gotPings).toEqual(pings);
      expect(called.map(([, error]) => error)).toEqual(expected.map(() => null));
      expect(ours.bufferedAmount).toBe(0);
      await stop();
    }
  );

  test.each(Array.from({ length: 2 * SEEDS }, (_, i) => i + 1))(
    'whatever ends it in the middle, the peer gets whole messages from the beginning, with the seed %i',
    async (seed) => {
      const random = randomOf(1000 + seed);
      const { ours, peer, stop } = await WAYS[way](OPTIONS[seed % OPTIONS.length]);
      const got = [];
      const wrong = [];
      ours.on('error', (error) => wrong.push(error));
      peer.on('error', (error) => wrong.push(error));
      peer.on('message', (data, isBinary) => got.push(digest(isBinary, data)));
      if (random(3) === 0) peer.pause();
      const closed = [once(ours, 'close'), once(peer, 'close')];
      const { called, done, expected, streams } = act(ours, random, 25);
      for (let i = random(60); i > 0; i--) await turn();
      const end = random(5);
      if (end === 0) ours.terminate();
      else if (end === 1) peer.terminate();
      else if (end === 2) ours.close(4000);
      else if (end === 3) peer.close(4001);
      else for (const stream of streams) stream.destroy();
      peer.resume();
      await done;
      // Streams that had sent nothing yet are taken out, and everything goes on.
      if (end === 4) ours.close();
      await Promise.all(closed);
      let at = 0;
      const lost = [];
      for (const message of expected) {
        if (message === got[at]) at++;
        else lost.push(message);
      }
      // In order, and nothing else; with holes only where streams were taken out.
      expect(at).toBe(got.length);
      if (end < 2) expect(got).toEqual(expected.slice(0, got.length));
      expect(wrong).toEqual([]);
      while (called.length < expected.length) await turn();
      expect(called.map(([index]) => index).sort((a, b) => a - b)).toEqual(
        [...new Set(called.map(([index]) => index))].sort((a, b) => a - b)
      );
      for (const stream of streams) expect(stream.destroyed).toBe(true);
      await stop();
    }
  );
});
