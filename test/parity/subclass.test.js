'use strict';

// Programs extend a WebSocket, and wrap it. Only names that ws has mean anything.

const { closeFrame, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, converse, onEach, parity, plain, start, stop } = require('./parity');

expectNothingLeftOpen();

// Every name that this package has used for members of its own, and some that it might.
const METHODS = [
  '_onMessage',
  '_onText',
  '_onPing',
  '_onPong',
  '_onPeerClose',
  '_onProtocolError',
  '_onPeerEnd',
  '_onWritten',
  '_onOutput',
  '_onCompressed',
  '_onClosed',
  '_open',
  '_feed',
  '_rarely',
  '_sent',
  '_sendWith',
  '_sendControl',
  '_sendControlFrame',
  '_sendPayload',
  '_sendFrame',
  '_sendRaw',
  '_refuse',
  '_inTurn',
  '_mask',
  '_maskCloseFrame',
  '_setReading',
  '_ended',
  '_afterSocket',
  '_leaveHttpServer',
  '_emitErrorOnce',
  '_replaceSocket',
  '_updateIsPlain',
  '_ensureSendQueue',
  '_onSendError',
  'open',
  'handle',
  'link',
  'flush',
  'pump'
];
const FIELDS = [
  '_handle',
  '_options',
  '_flags',
  '_rare',
  '_link',
  '_ownSocket',
  '_httpServer',
  '_wantsText',
  '_isAttached',
  '_isPlain',
  '_queuedBytes',
  'options',
  'flags'
];

function extended(lib, log) {
  class Own extends lib.WebSocket {
    constructor(...args) {
      super(...args);
      for (const name of FIELDS) this[name] = `mine: ${name}`;
    }
  }
  for (const name of METHODS) {
    Own.prototype[name] = function () {
      log.push(`called: ${name}`);
      return 'mine';
    };
  }
  return Own;
}

const everything = (ws, log) => {
  ws.send('text', (error) => log.push(['sent', error]));
  ws.send(Buffer.from('bytes'), { binary: true });
  ws.send('frag', { fin: false });
  ws.send('ment');
  ws.send(new Blob(['blob']));
  ws.ping('p', false, (error) => log.push(['pinged', error]));
  ws.pong('q');
  ws.pause();
  ws.resume();
  ws.send('end');
  log.push(ws.bufferedAmount > 0, ws.isPaused, ws.extensions, ws.protocol, ws.url);
};

parity("a server's WebSocket with members of the same names", (lib) =>
  onEach(async (onHttp) => {
    const names = [];
    const record = await converse(lib, {
      onHttp,
      options: { WebSocket: extended(lib, names) },
      onConnection: (ws, log) => {
        everything(ws, log);
        for (const name of FIELDS) if (ws[name] !== `mine: ${name}`) log.push(`changed: ${name}`);
      },
      client: async (raw) => {
        await raw.until((bytes) => bytes.includes('end'));
        await raw.send(
          frame('text', 'a'),
          frame('binary', 'b'),
          frame('ping', 'c'),
          frame('pong', 'd')
        );
        await raw.send(bye);
        await raw.until((bytes) => bytes.includes(0x88));
      }
    });
    return [record, names];
  })
);

parity('an error of the peer, with members of the same names', (lib) =>
  onEach(async (onHttp) => {
    const names = [];
    const record = await converse(lib, {
      onHttp,
      options: { WebSocket: extended(lib, names) },
      send: [frame(5, 'x')]
    });
    return [record, names];
  })
);

parity('a client with members of the same names', async (lib) => {
  const log = [];
  const { server, port } = await start(lib);
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(String(data))));
  const Own = extended(lib, log);
  const client = new Own(`ws://127.0.0.1:${port}`);
  const closed = new Promise((resolve) => {
    client.on('close', (code) => resolve(log.push(code)));
  });
  client.on('message', (data) => {
    log.push(String(data));
    client.close(1000);
  });
  client.on('open', () => client.send('hello'));
  await closed;
  for (const name of FIELDS) log.push(client[name]);
  await stop(server);
  return log;
});

test('has no names that ws has not, but for those that docs/api/websocket.md adds', () => {
  const { WebSocket } = require('../..');
  const ws = require('ws').WebSocket;
  const names = (object) => [
    ...Object.getOwnPropertyNames(object),
    ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))
  ];
  // What ws gives to clients only, or only when a request is under way.
  const known = new Set([...names(new ws(null, undefined, {})), '_req', '_url']);
  const more = names(new WebSocket(null, undefined, {})).filter((name) => !known.has(name));
  expect(more.sort()).toEqual(['createMessageStream', 'messages', 'sendStream']);
  expect(Object.keys(new WebSocket(null, undefined, {}))).not.toContain('messages');
});

describe('what ws keeps in fields', () => {
  const NAMES = [
    '_binaryType',
    '_closeCode',
    '_closeFrameReceived',
    '_closeFrameSent',
    '_closeMessage',
    '_errorEmitted',
    '_extensions',
    '_isServer',
    '_paused',
    '_protocol',
    '_readyState',
    '_url'
  ];
  const read = (ws) => NAMES.map((name) => [name, plain(ws[name])]);
  parity('can be read, before, during and after a connection', async (lib) => {
    const { server, port } = await start(lib);
    const log = [];
    const closed = new Promise((resolve) => {
      server.on('connection', (ws) => {
        log.push(read(ws));
        ws.binaryType = 'arraybuffer';
        ws.pause();
        log.push(read(ws));
        ws.resume();
        ws.on('close', () => resolve(log.push(read(ws))));
      });
    });
    const raw = new RawClient(port);
    await raw.upgrade();
    await raw.send(bye);
    await raw.closed;
    await closed;
    await stop(server);
    return log;
  });
  parity('can be set', async (lib) => {
    const ws = new lib.WebSocket(null, undefined, {});
    const log = [];
    for (const name of [...NAMES, '_socket', '_sender', '_receiver', '_req']) {
      if (name === '_isServer' || name === '_readyState') continue;
      const mine = {};
      ws[name] = mine;
      log.push([name, ws[name] === mine]);
    }
    return log;
  });
});

describe('a Proxy around a WebSocket', () => {
  parity('does what the WebSocket does', (lib) =>
    onEach((onHttp) =>
      converse(lib, {
        onHttp,
        onConnection: (ws, log) => {
          const proxy = new Proxy(ws, {});
          everything(proxy, log);
          proxy.on('message', (data) => data.toString() === 'bye' && proxy.close(4000, 'proxied'));
        },
        client: async (raw) => {
          await raw.until((bytes) => bytes.includes('end'));
          await raw.send(frame('text', 'bye'));
          await raw.until((bytes) => bytes.includes('proxied'));
          await raw.send(closeFrame(4000));
        }
      })
    )
  );
});
