'use strict';

// Programs put their hands into the classes: whatever ws would call of what is overridden, replaced or
// wrapped, is called here, on every kind of server.

const EventEmitter = require('events');
const { once } = EventEmitter;
const http = require('http');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient, upgradeRequest } = require('../helpers/raw-client');
const { attempt, bye, endsWithCloseFrame, parity, plain, stop } = require('./parity');

expectNothingLeftOpen();

/** One client of a server on its own port, and of one on an HTTP server. */
async function onBoth(lib, { options, act, first, headers, path, log = [] }) {
  for (const onHttp of [false, true]) {
    log.push(onHttp ? 'on an HTTP server' : 'on a port');
    const web = http.createServer();
    const where = onHttp ? { server: web } : { port: 0, host: '127.0.0.1' };
    const { WebSocketServer = lib.WebSocketServer, ...rest } = options ?? {};
    const server = new WebSocketServer({ ...where, ...rest });
    if (onHttp) web.listen(0, '127.0.0.1');
    await once(server, 'listening');
    act?.(server, log);
    const over = [];
    server.on('connection', (peer) => {
      log.push('connection');
      over.push(once(peer, 'close'));
      peer.on('message', (data) => peer.send(data));
      peer.send('hello');
    });
    const client = new RawClient(server.address().port);
    log.push(await client.upgrade(headers, { path }));
    if (first !== undefined) {
      const { length } = client.received;
      await client.send(first);
      await client.until((bytes) => bytes.length > length);
    }
    await client.send(frame('ping', 'p'), bye);
    await client.until(endsWithCloseFrame);
    client.socket.end();
    await client.closed;
    await Promise.all(over);
    await stop(server);
    log.push(plain(client.received));
    await new Promise((resolve) => web.close(resolve));
  }
  return log;
}

// Replaces a method for the time of a scenario; calls of it are written down.
async function patched(target, name, log, use, describe = () => []) {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  const original = target[name];
  target[name] = function patch(...args) {
    log.push([name, ...describe(...args)]);
    return original.apply(this, args);
  };
  try {
    return await use();
  } finally {
    if (descriptor === undefined) delete target[name];
    else Object.defineProperty(target, name, descriptor);
  }
}

const isSocket = (socket) => [socket.writable, typeof socket.remotePort, socket.bytesRead > 100];
// What is to be seen of the arguments.
const SERVER_METHODS = {
  shouldHandle: (req) => [req.url, req.method],
  handleUpgrade: (req, socket, head, cb) => [req.url, isSocket(socket), head.length, typeof cb],
  completeUpgrade: (extensions, key, protocols, req, socket) => [
    Object.keys(extensions),
    key,
    [...protocols],
    req.headers.host,
    isSocket(socket)
  ],
  emit: (event, ...args) => [event, args.length, event === 'headers' ? args[0] : undefined],
  close: () => []
};

describe('a method of the server that is called', () => {
  for (const [name, describeArguments] of Object.entries(SERVER_METHODS)) {
    parity(`${name}, patched on the prototype`, async (lib) => {
      const log = [];
      await patched(
        lib.WebSocketServer.prototype,
        name,
        log,
        () => onBoth(lib, { log }),
        describeArguments
      );
      return log;
    });

    parity(`${name}, replaced on the object`, (lib) =>
      onBoth(lib, {
        act: (server, log) => {
          const original = server[name];
          server[name] = function replaced(...args) {
            log.push([name, ...describeArguments(...args)]);
            return original.apply(this, args);
          };
        }
      })
    );

    parity(`${name}, of a subclass`, async (lib) => {
      const log = [];
      class Mine extends lib.WebSocketServer {}
      Mine.prototype[name] = function own(...args) {
        log.push([name, ...describeArguments(...args)]);
        return lib.WebSocketServer.prototype[name].apply(this, args);
      };
      return onBoth(lib, { log, options: { WebSocketServer: Mine } });
    });
  }

  parity('shouldHandle, which says no', async (lib) => {
    const log = [];
    const { shouldHandle } = lib.WebSocketServer.prototype;
    lib.WebSocketServer.prototype.shouldHandle = (req) => req.url === '/allowed';
    try {
      for (const path of ['/allowed', '/other']) await onBoth(lib, { log, path });
    } finally {
      lib.WebSocketServer.prototype.shouldHandle = shouldHandle;
    }
    return log;
  });

  parity('handleUpgrade, of a request that is none', (lib) =>
    onBoth(lib, {
      headers: { 'Sec-WebSocket-Key': 'short' },
      act: (server, log) => {
        const { handleUpgrade } = server;
        server.handleUpgrade = function replaced(...args) {
          log.push(['handleUpgrade', args[0].headers['sec-websocket-key']]);
          return handleUpgrade.apply(this, args);
        };
      }
    })
  );

  parity('an emit() that adds a header', (lib) =>
    onBoth(lib, {
      act: (server) => {
        const { emit } = server;
        server.emit = function replaced(event, ...args) {
          if (event === 'headers') args[0].push('X-Trace: 1');
          return emit.call(this, event, ...args);
        };
      }
    })
  );
});

const SOCKET_METHODS = {
  setSocket: (socket, head, options) => [
    isSocket(socket),
    head.length,
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .sort()
  ],
  send: (data) => [String(data)],
  close: (...args) => args.map(String),
  pong: (data, mask) => [String(data), mask],
  emit: (event) => [event],
  emitClose: () => []
};

describe('a method of the WebSocket that is called', () => {
  for (const [name, describeArguments] of Object.entries(SOCKET_METHODS)) {
    parity(`${name}, patched on the prototype`, async (lib) => {
      const log = [];
      await patched(
        lib.WebSocket.prototype,
        name,
        log,
        () => onBoth(lib, { log }),
        describeArguments
      );
      return log;
    });

    parity(`${name}, of a subclass`, async (lib) => {
      const log = [];
      class Mine extends lib.WebSocket {}
      Mine.prototype[name] = function own(...args) {
        log.push([name, ...describeArguments(...args)]);
        return lib.WebSocket.prototype[name].apply(this, args);
      };
      return onBoth(lib, { log, options: { WebSocket: Mine } });
    });
  }

  parity("close, which knows that it answers the peer's", async (lib) => {
    const log = [];
    const { close } = lib.WebSocket.prototype;
    lib.WebSocket.prototype.close = function patched(...args) {
      const { _closeFrameReceived: isReceived, _closeFrameSent: isSent } = this;
      log.push(['close', this.readyState, isReceived, isSent]);
      close.apply(this, args);
      log.push(this.readyState);
    };
    try {
      await onBoth(lib, { log });
      // The other way round: the server begins.
      await onBoth(lib, {
        log,
        act: (server) => server.on('connection', (peer) => peer.close(1001, 'going'))
      });
    } finally {
      lib.WebSocket.prototype.close = close;
    }
    return log;
  });

  for (const name of ['on', 'addListener']) {
    parity(
      `${name}, patched on the prototype of Receiver, sees what its listeners do`,
      async (lib) => {
        const log = [];
        lib.Receiver.prototype[name] = function patched(event, listener) {
          return EventEmitter.prototype.on.call(
            this,
            event,
            event !== 'message'
              ? listener
              : function wrapped(...args) {
                  log.push('before');
                  listener.apply(this, args);
                  log.push('after');
                }
          );
        };
        try {
          await onBoth(lib, {
            log,
            act: (server) => {
              server.on('connection', (peer) =>
                peer.on('message', (data) => log.push(String(data)))
              );
            },
            first: frame('text', 'message')
          });
        } finally {
          delete lib.Receiver.prototype[name];
        }
        return log;
      }
    );
  }

  parity('setSocket of a client', async (lib) => {
    const log = [];
    const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const { port } = server.address();
    await patched(
      lib.WebSocket.prototype,
      'setSocket',
      log,
      async () => {
        const client = new lib.WebSocket(`ws://127.0.0.1:${port}`);
        await once(client, 'open');
        client.close();
        await once(client, 'close');
      },
      (socket, head, options) => [
        typeof socket.remotePort,
        head.length,
        Object.keys(options)
          .filter((key) => options[key] !== undefined)
          .sort()
      ]
    );
    await stop(server);
    return log.filter((entry) => entry[2] === 0);
  });
});

// What a method of the Sender gets.
const describeSent = (...args) =>
  args.map((arg) => (typeof arg === 'function' ? 'a function' : plain(arg)));

describe('a method of the Sender that is called', () => {
  const options = { perMessageDeflate: { threshold: 0 } };
  const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const sendAll = (server, log) =>
    server.on('connection', (peer) => {
      peer.send(Buffer.from('bytes'), (error) => log.push(['sent', plain(error)]));
      peer.send('', { fin: false });
      peer.send(12, { compress: false });
      peer.send('c', { binary: true, fin: true });
      peer.ping();
      peer.ping('p', false, (error) => log.push(['pinged', plain(error)]));
      peer.pong(Buffer.from('q'));
    });

  for (const name of ['send', 'ping', 'pong', 'close']) {
    parity(`${name}, patched on the prototype`, async (lib) => {
      const log = [];
      const use = async () => {
        await onBoth(lib, { log, act: sendAll, first: frame('text', 'hi') });
        // The server begins to close.
        await onBoth(lib, {
          log,
          act: (server) => server.on('connection', (peer) => peer.close(1001, 'going'))
        });
        // When what is compressed, and to what bytes, is another matter (docs/compatibility.md).
        const { length } = log;
        await onBoth(lib, { log, options, headers, act: sendAll, first: frame('text', 'hi') });
        log.push(log.splice(length).filter((entry) => entry[0] === name));
      };
      await patched(lib.Sender.prototype, name, log, use, describeSent);
      // Nor is it afterwards.
      return onBoth(lib, { log, act: sendAll });
    });
  }

  const puts = {
    'is set': (object, name, value) => (object[name] = value),
    'is defined': (object, name, value) =>
      Object.defineProperty(object, name, { configurable: true, value, writable: true })
  };
  for (const [title, put] of Object.entries(puts)) {
    parity(`one that ${title} on _sender`, async (lib) => {
      const log = [];
      const act = (server) => {
        server.on('connection', (peer) => {
          for (const name of ['send', 'ping', 'pong', 'close']) {
            const original = peer._sender[name];
            put(peer._sender, name, function replaced(...args) {
              log.push([name, ...describeSent(...args), this === peer._sender]);
              return original.apply(this, args);
            });
          }
        });
        sendAll(server, log);
      };
      return onBoth(lib, { log, act, first: frame('text', 'hi') });
    });
  }

  parity('what it passes on is sent', async (lib) => {
    const log = [];
    const act = (server) =>
      server.on('connection', (peer) => {
        const { _sender: sender } = peer;
        const { close, ping, send } = sender;
        sender.send = (data, given, cb) => {
          if (String(data) !== 'never') send.call(sender, `<${data}>`, given, cb);
        };
        sender.ping = (data, mask, cb) => send.call(sender, 'no ping', { fin: true }, cb) ?? ping;
        sender.close = (code, data, mask, cb) => close.call(sender, 4001, 'other', mask, cb);
        peer.send('some');
        peer.send('never');
        peer.ping('p');
        peer.close(1001, 'going');
        log.push(peer.readyState);
      });
    return onBoth(lib, { log, act });
  });

  parity('of a client', async (lib) => {
    const log = [];
    const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (peer) => peer.on('message', (data) => log.push(String(data))));
    await once(server, 'listening');
    await patched(
      lib.Sender.prototype,
      'send',
      log,
      async () => {
        const client = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`);
        await once(client, 'open');
        client.send('one');
        client.send(Buffer.from('two'), { binary: false });
        client.close();
        await once(client, 'close');
      },
      describeSent
    );
    await stop(server);
    return log;
  });
});

describe('a patched http.Server', () => {
  parity('shows what it emits', async (lib) => {
    const log = [];
    const { prototype } = http.Server;
    prototype.emit = function patched(event, ...args) {
      const [req, socket] = args;
      if (event === 'upgrade') log.push([event, req.url, socket === req.socket, socket.bytesRead]);
      if (event === 'request') log.push([event, req.url]);
      return EventEmitter.prototype.emit.call(this, event, ...args);
    };
    try {
      await onBoth(lib, { log, path: '/traced' });
    } finally {
      delete prototype.emit;
    }
    return log;
  });
});

describe('a server that is wrapped', () => {
  const wraps = {
    'in a Proxy': (server) => new Proxy(server, {}),
    'in a Proxy that binds what it gives': (server) =>
      new Proxy(server, {
        get(target, key) {
          const value = Reflect.get(target, key);
          return typeof value === 'function' ? value.bind(target) : value;
        }
      }),
    'by Object.create()': (server) => Object.create(server)
  };
  for (const [title, wrap] of Object.entries(wraps)) {
    parity(`${title} handles upgrades, and is closed`, async (lib) => {
      const log = [];
      const web = http.createServer();
      const server = wrap(new lib.WebSocketServer({ noServer: true }));
      server.on('connection', (peer) => log.push(['connection', server.clients.has(peer)]));
      server.on('headers', (headers) => log.push(headers.length));
      server.on('close', () => log.push('close'));
      web.on('upgrade', (req, socket, head) =>
        server.handleUpgrade(req, socket, head, (peer) => server.emit('connection', peer, req))
      );
      web.listen(0, '127.0.0.1');
      await once(web, 'listening');
      const client = new RawClient(web.address().port);
      log.push(await client.upgrade());
      log.push(plain(attempt(() => server.address())));
      const closed = new Promise((resolve) => server.close(resolve));
      await client.send(bye);
      await client.until(endsWithCloseFrame);
      client.socket.end();
      await closed;
      log.push(server.clients.size);
      await client.closed;
      await new Promise((resolve) => web.close(resolve));
      return log;
    });

    parity(`${title} is closed, on a port`, async (lib) => {
      const server = wrap(new lib.WebSocketServer({ port: 0, host: '127.0.0.1' }));
      await once(server, 'listening');
      const log = [server.address().address];
      const client = new RawClient(server.address().port);
      log.push(await client.upgrade());
      log.push(server.clients.size);
      const closed = new Promise((resolve) => server.close(resolve));
      await client.send(bye);
      await client.until(endsWithCloseFrame);
      client.socket.end();
      await closed;
      log.push(server.clients.size);
      return log;
    });
  }

  parity('has no names but those of ws', async (lib) => {
    const ours = new Set();
    for (const options of [{ noServer: true }, { server: http.createServer() }]) {
      const server = new lib.WebSocketServer(options);
      for (const of of [server, lib.WebSocketServer.prototype, lib.WebSocketServer]) {
        Object.getOwnPropertyNames(of).forEach((name) => ours.add(name));
      }
    }
    return [...ours].sort();
  });
});

for (const [what, spoil] of Object.entries({
  'takes all lines': (headers) => headers.splice(0),
  'leaves one line': (headers) => headers.splice(1),
  'adds an empty one': (headers) => headers.push('')
})) {
  parity(`a listener of 'headers' that ${what}`, async (lib) => {
    const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('headers', spoil);
    server.on('connection', (ws) => ws.terminate());
    const client = new RawClient(server.address().port);
    await client.send(upgradeRequest());
    await client.closed;
    await stop(server);
    return String(client.received);
  });
}
