'use strict';

// Connections of an HTTP server. Where any code can know the socket that Node made for one, that is
// the connection's socket. Where none can, wsuv lets go of it, and nobody can tell.

const diagnostics = require('diagnostics_channel');
const { once } = require('events');
const http = require('http');
const { setTimeout: sleep } = require('timers/promises');

const wsuv = require('../..');
const { frame } = require('../helpers/frames');
const { kSocket } = require('../../lib/symbols');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { attempt, bye, endsWithCloseFrame, parity, plain } = require('./parity');

expectNothingLeftOpen();

/**
 * One connection to an HTTP server with a WebSocketServer, closed by the client in the end.
 *
 * @param {Object} lib
 * @param {Object} script
 * @param {Object} [script.options] of the WebSocketServer
 * @param {function(http.Server)} [script.before] the WebSocketServer is made
 * @param {function(http.Server, WebSocketServer)} [script.after] it is made
 * @param {function(RawClient)} [script.first] what the client does before the upgrade
 * @param {Object} [script.headers] of the request
 * @param {function(WebSocket, http.IncomingMessage, Object)} script.onConnection gets the servers
 */
async function connectOnce(lib, { options, before, after, first, headers, onConnection }) {
  const web = http.createServer((req, res) => res.end('plain'));
  before?.(web);
  const { WebSocketServer = lib.WebSocketServer, ...rest } = options ?? {};
  const server = new WebSocketServer({ server: web, ...rest });
  after?.(web, server);
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const client = new RawClient(web.address().port);
  await first?.(client);
  const connected = once(server, 'connection');
  const answered = client.upgrade(headers);
  const [peer, req] = await connected;
  const closed = once(peer, 'close');
  await onConnection?.(peer, req, { client, web, server });
  await answered;
  if (peer.readyState === lib.WebSocket.OPEN) {
    await client.send(bye);
    await client.until(endsWithCloseFrame);
  }
  client.socket.end();
  await closed;
  await new Promise((resolve) => server.close(resolve));
  if (web.listening) await new Promise((resolve) => web.close(resolve));
}

// Ways to get to see the socket of a connection before it is one; each hands it to `see`.
const WAYS = {
  "a listener for the server's 'connection'": (see) => ({
    before: (web) => web.on('connection', see)
  }),
  'one that is not there any more': (see) => ({ after: (web) => web.once('connection', see) }),
  "a listener for the server's 'upgrade'": (see) => ({
    before: (web) => web.on('upgrade', (req, socket) => see(socket))
  }),
  'one that came later': (see) => ({
    after: (web) => web.on('upgrade', (req) => see(req.socket))
  }),
  'an emit() of its own': (see) => ({
    after: (web) => {
      web.emit = function emit(event, ...args) {
        if (event === 'connection') see(args[0]);
        return http.Server.prototype.emit.call(this, event, ...args);
      };
    }
  }),
  'a request before, on the same connection': (see) => ({
    after: (web) => web.on('request', (req) => see(req.socket)),
    first: async (client) => {
      await client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await client.until((bytes) => bytes.includes('plain'));
      await client.read(client.received.length);
    }
  }),
  'a request before that has no answer yet': (see) => ({
    after: (web) => web.removeAllListeners('request').on('request', (req) => see(req.socket)),
    first: (client) => client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  }),
  'whoever found it in another way, and waits for its end': (see) => ({
    options: {
      verifyClient: () => {
        const handles = process._getActiveHandles();
        const socket = handles.find(({ server }) => server instanceof http.Server);
        socket.on('close', () => {});
        see(socket);
        return true;
      }
    }
  }),
  verifyClient: (see) => ({
    options: {
      verifyClient: ({ req }) => {
        see(req.socket);
        return true;
      }
    }
  }),
  'an asynchronous verifyClient': (see) => ({
    options: {
      verifyClient: ({ req }, done) => {
        setTimeout(() => {
          see(req.connection);
          done(true);
        }, 10);
      }
    }
  }),
  handleProtocols: (see) => ({
    headers: { 'Sec-WebSocket-Protocol': 'chat' },
    options: {
      handleProtocols: (protocols, req) => {
        see(req.client);
        return 'chat';
      }
    }
  }),
  "a listener for 'headers'": (see) => ({
    after: (web, server) => server.on('headers', (headers, req) => see(req.socket))
  }),
  shouldHandle: (see) => ({
    after: (web, server) => {
      server.shouldHandle = (req) => {
        see(req.socket);
        return true;
      };
    }
  }),
  'an overridden handleUpgrade': (see, lib) => ({
    options: {
      WebSocketServer: class extends lib.WebSocketServer {
        handleUpgrade(req, socket, head, callback) {
          see(socket);
          super.handleUpgrade(req, socket, head, callback);
        }
      }
    }
  }),
  'a WebSocket with a setSocket() of its own': (see, lib) => ({
    options: {
      WebSocket: class extends lib.WebSocket {
        setSocket(socket, ...args) {
          see(socket);
          super.setSocket(socket, ...args);
        }
      }
    }
  }),
  'an IncomingMessage of their own': (see) => ({
    before: (web) => {
      const symbol = Object.getOwnPropertySymbols(web).find(
        ({ description }) => description === 'IncomingMessage'
      );
      web[symbol] = class extends http.IncomingMessage {
        constructor(socket) {
          super(socket);
          see(socket);
        }
      };
    }
  }),
  "what is in the place of Node's own listener": (see) => ({
    before: (web) => {
      const [listener] = web.listeners('connection');
      web.removeAllListeners('connection');
      web.on('connection', (socket) => {
        see(socket);
        listener.call(web, socket);
      });
    }
  }),
  "a listener for the server's 'upgrade' that is gone when it has run": (see) => ({
    before: (web) => web.once('upgrade', (req, socket) => see(socket))
  }),
  "a listener for the server's 'upgrade' that was added in silence": (see) => ({
    after: (web) => {
      web.removeAllListeners('newListener');
      web.on('upgrade', (req, socket) => see(socket));
    }
  }),
  'what was put there without an event': (see) => ({
    after: (web) => {
      const { connection: listener } = web._events;
      web._events.connection = function wrapper(socket) {
        see(socket);
        listener.call(this, socket);
      };
    }
  }),
  'whoever found it in another way, and leaves a property': (see) => ({
    options: {
      verifyClient: () => {
        see(process._getActiveHandles().find(({ server }) => server instanceof http.Server));
        return true;
      }
    }
  }),
  'an emit() of a prototype': (see) => {
    const { emit } = http.Server.prototype;
    return {
      before: () => {
        http.Server.prototype.emit = function patched(event, ...args) {
          if (event === 'connection') see(args[0]);
          return emit.call(this, event, ...args);
        };
      },
      done: () => delete http.Server.prototype.emit
    };
  },
  'a class of their own': (see) => ({
    before: (web) => {
      const mine = {
        emit(event, ...args) {
          if (event === 'connection') see(args[0]);
          return http.Server.prototype.emit.call(this, event, ...args);
        }
      };
      Object.setPrototypeOf(web, Object.setPrototypeOf(mine, http.Server.prototype));
    }
  }),
  // Only some versions of Node ask this.
  'whoever decides what is an upgrade': (see) => ({
    before: (web) => {
      if (web.shouldUpgradeCallback === undefined) return;
      web.shouldUpgradeCallback = (req) => {
        see(req.socket);
        return true;
      };
    }
  }),
  'the diagnostics channel': (see) => {
    const listener = ({ socket }) => see(socket);
    return {
      before: () => diagnostics.channel('net.server.socket').subscribe(listener),
      done: () => diagnostics.channel('net.server.socket').unsubscribe(listener)
    };
  }
};

describe('the socket of a connection on an HTTP server is the one that was seen by', () => {
  for (const [title, way] of Object.entries(WAYS)) {
    parity(title, async (lib) => {
      const log = [];
      const seen = new Set();
      const { done, ...script } = way((socket) => {
        // Of others, in the case of the channel.
        if (socket.server instanceof http.Server) seen.add(socket);
        log.push(typeof socket.remotePort);
        socket.mark = 'seen';
      }, lib);
      await connectOnce(lib, {
        ...script,
        onConnection: (peer, req) => {
          log.push(seen.size, [...seen][0] === peer._socket, [...seen][0] === req.socket);
          log.push(peer._socket.mark, req.connection === req.socket, req.client === req.socket);
          peer.on('close', () => log.push('closed', req.socket.destroyed, req.socket.mark));
        }
      });
      done?.();
      return log;
    });
  }
});

// A socket that was marked is not as Node leaves it, by which alone it is known. One that somebody
// merely refers to is.
describe('the socket of a connection on an HTTP server is the one that is kept by', () => {
  const leavesNothingElse = ([title]) => !title.endsWith('leaves a property');
  for (const [title, way] of Object.entries(WAYS).filter(leavesNothingElse)) {
    parity(title, async (lib) => {
      const log = [];
      const kept = new Set();
      const { done, ...script } = way((socket) => {
        if (socket.server instanceof http.Server) kept.add(socket);
      }, lib);
      await connectOnce(lib, {
        ...script,
        onConnection: (peer, req) => {
          log.push(kept.size, [...kept][0] === peer._socket, [...kept][0] === req.socket);
        }
      });
      done?.();
      return log;
    });
  }
});

describe('the socket of a connection on an HTTP server that nobody has seen', () => {
  // If this fails, connections of HTTP servers take twice the memory.
  test('is let go', async () => {
    let own;
    await connectOnce(wsuv, { onConnection: (peer) => void (own = peer[kSocket]) });
    expect(own).toBeNull();
  });

  test('stays beside another server', async () => {
    let own;
    let other;
    await connectOnce(wsuv, {
      before: (web) => {
        other = new wsuv.WebSocketServer({ server: web });
        other.shouldHandle = () => true;
        other.handleUpgrade = () => {};
      },
      onConnection: (peer) => {
        own = peer[kSocket];
        other.close();
      }
    });
    expect(own).not.toBeNull();
  });

  parity('is there when somebody asks for it', async (lib) => {
    const log = [];
    await connectOnce(lib, {
      onConnection: (peer, req, { web }) => {
        const { socket } = req;
        log.push(socket === peer._socket, socket === req.connection, socket === req.client);
        log.push(socket.server === web, socket._server === web, socket.parser);
        log.push(socket.remoteAddress, socket.remoteFamily, typeof socket.remotePort);
        log.push(socket.allowHalfOpen, socket.timeout, socket.bytesRead, socket.bytesWritten);
        log.push(Object.keys(req).sort().join(), Object.keys(socket.address()).sort().join());
        socket.on('close', (...args) => log.push(['socket: close', ...args]));
        peer.on('close', (...args) => log.push(['close', ...args.map(plain)]));
      }
    });
    return log;
  });

  parity('carries the response as ws sends it, and what came behind the request', async (lib) => {
    const log = [];
    const web = http.createServer();
    const server = new lib.WebSocketServer({ server: web });
    server.on('headers', (headers) => headers.push('X-Name: \u00e9\u20ac'));
    server.on('connection', (peer) => {
      peer.on('message', (data) => log.push(data.toString(), peer._socket.bytesRead));
      peer.on('close', (code) => log.push(code));
      peer.send('first');
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const client = new RawClient(web.address().port);
    log.push(await client.upgrade({}, {}, frame('text', 'early'), bye));
    await client.until(endsWithCloseFrame);
    log.push(plain(client.received));
    client.socket.end();
    await client.closed;
    await new Promise((resolve) => web.close(resolve));
    server.close();
    return log;
  });

  parity('is there where a function makes the WebSocket', async (lib) => {
    const log = [];
    function make(...args) {
      return new lib.WebSocket(...args);
    }
    await connectOnce(lib, {
      options: { WebSocket: make.bind(null) },
      onConnection: (peer, req) => log.push(peer instanceof lib.WebSocket, req.socket.destroyed)
    });
    return log;
  });

  parity('can be replaced in the request', async (lib) => {
    const log = [];
    const stand = { remoteAddress: '192.0.2.1' };
    await connectOnce(lib, {
      onConnection: (peer, req) => {
        req.socket = stand;
        log.push(req.socket === stand, req.connection === stand, peer._socket === stand);
      }
    });
    return log;
  });

  parity('has ended when it is asked for behind the end', async (lib) => {
    let request;
    let peer;
    await connectOnce(lib, {
      onConnection: (ws, req) => {
        request = req;
        peer = ws;
      }
    });
    const { socket } = request;
    return [
      [socket === peer._socket, socket === request.connection],
      [socket.destroyed, socket.readable, socket.writable, socket.readyState],
      socket.remoteAddress
    ];
  });

  parity('is not upgraded a second time', async (lib) => {
    const log = [];
    await connectOnce(lib, {
      onConnection: (peer, req, { server }) => {
        log.push(
          attempt(() => server.handleUpgrade(req, req.socket, Buffer.alloc(0), () => log.push('?')))
        );
      }
    });
    return log;
  });

  parity('can be destroyed through the request', async (lib) => {
    const log = [];
    await connectOnce(lib, {
      onConnection: async (peer, req) => {
        peer.on('close', (...args) => log.push(['close', ...args.map(plain)]));
        req.socket.destroy();
        await once(peer, 'close');
      }
    });
    return log;
  });

  for (const [title, act] of Object.entries({
    'when the client closes': async ({ client }) => {
      await client.send(bye);
      await client.until(endsWithCloseFrame);
      client.socket.end();
    },
    'when the client ends': ({ client }) => client.socket.end(),
    'when the client is gone': ({ client }) => client.socket.resetAndDestroy(),
    'when it is terminated': ({ peer }) => peer.terminate(),
    'when it is asked for while it closes': ({ peer, req, log }) => {
      peer.on('close', () => log.push(['socket', req.socket.destroyed]));
      peer.terminate();
      log.push(['socket', req.socket.destroyed]);
    }
  })) {
    parity(`is counted by the server, and waited for, ${title}`, async (lib) => {
      const log = [];
      await connectOnce(lib, {
        onConnection: async (peer, req, { client, web }) => {
          const count = () => new Promise((resolve) => web.getConnections((_, n) => resolve(n)));
          log.push(await count());
          web.on('close', () => log.push('server closed'));
          peer.on('error', (error) => log.push(plain(error)));
          peer.on('close', (code) => log.push(['closed', code]));
          const closed = once(peer, 'close');
          web.close();
          await sleep(20);
          log.push('not yet', await count());
          await act({ client, peer, req, log });
          await closed;
          await sleep(20);
          log.push(await count());
        }
      });
      return log;
    });
  }
});

describe('two servers on one HTTP server', () => {
  // What comes of connections for the first, for the second, and for none of them.
  const visit = async (lib, paths, { maxConnections, overrides } = {}) => {
    const log = [];
    const web = http.createServer();
    if (maxConnections !== undefined) web.maxConnections = maxConnections;
    const servers = ['/a', '/b'].map((path) => new lib.WebSocketServer({ server: web, path }));
    for (const [i, server] of servers.entries()) {
      Object.assign(server, overrides);
      server.on('connection', (peer) => {
        log.push(['connection', i]);
        peer.on('error', (error) => log.push(['error', i, error.code]));
        peer.on('close', (code) => log.push(['close', i, code]));
      });
    }
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const count = () => new Promise((resolve) => web.getConnections((_, n) => resolve(n)));
    const clients = [];
    for (const path of paths) {
      const client = new RawClient(web.address().port);
      clients.push(client);
      const head = await client.upgrade({}, { path });
      log.push(['answer', path, head.split('\r\n', 1)[0]]);
      await client.closed;
      log.push(['rest', client.received.toString().split('\r\n', 1)[0]]);
    }
    while ((await count()) > 0) await new Promise(setImmediate);
    log.push(['count', await count()]);
    const closed = new Promise((resolve) => web.close(resolve));
    for (const server of servers) server.close();
    await closed;
    return log;
  };

  parity('refuse each for the other, once', (lib) => visit(lib, ['/a', '/b', '/c', '/a']));

  parity('do not let more connections in than there may be', async (lib) => {
    const log = [];
    const web = http.createServer();
    web.maxConnections = 2;
    const servers = ['/a', '/b'].map((path) => new lib.WebSocketServer({ server: web, path }));
    // As programs make two of them work together.
    for (const server of servers) {
      const { handleUpgrade } = server;
      server.handleUpgrade = function patched(req, ...args) {
        if (this.shouldHandle(req)) handleUpgrade.call(this, req, ...args);
      };
    }
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const count = () => new Promise((resolve) => web.getConnections((_, n) => resolve(n)));
    const clients = [];
    for (const path of ['/a', '/b', '/a', '/b', '/a']) {
      const client = new RawClient(web.address().port);
      clients.push(client);
      const head = await client.upgrade({}, { path });
      log.push(head.split('\r\n', 1)[0], await count());
    }
    const closed = new Promise((resolve) => web.close(resolve));
    for (const client of clients) client.socket.destroy();
    await closed;
    log.push(await count());
    for (const server of servers) server.close();
    return log;
  });

  parity('tell of the second handleUpgrade()', async (lib) => {
    const log = [];
    const web = http.createServer();
    const servers = [0, 1].map(() => new lib.WebSocketServer({ noServer: true }));
    web.on('upgrade', (req, socket, head) => {
      for (const [i, server] of servers.entries()) {
        log.push(
          plain(attempt(() => server.handleUpgrade(req, socket, head, () => log.push(['made', i]))))
        );
      }
      log.push(
        plain(attempt(() => servers[0].completeUpgrade({}, 'k', new Set(), req, socket, head)))
      );
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const client = new RawClient(web.address().port);
    log.push((await client.upgrade()).split('\r\n', 1)[0]);
    client.socket.end();
    await client.closed;
    await new Promise((resolve) => web.close(resolve));
    return log;
  });
});

describe('what waits for the sockets of an HTTP server', () => {
  // As packages for an orderly end do it: each in its own way gets to know the sockets.
  const trackers = {
    'marks them and destroys them': (web) => {
      const connections = new Map();
      web.on('connection', (socket) => {
        socket._idle = true;
        socket._id = connections.size;
        connections.set(socket._id, socket);
        socket.on('close', () => connections.delete(socket._id));
      });
      return () => connections.forEach((socket) => socket.destroy());
    },
    'counts their requests and ends them': (web) => {
      const requests = new Map();
      web.on('connection', (socket) => {
        requests.set(socket, 0);
        socket.once('close', () => requests.delete(socket));
      });
      web.on('request', (req) => requests.set(req.socket, requests.get(req.socket) + 1));
      return () => requests.forEach((_, socket) => socket.end());
    },
    'came after the WebSocketServer': null
  };
  trackers['came after the WebSocketServer'] = trackers['marks them and destroys them'];
  for (const [title, track] of Object.entries(trackers)) {
    parity(title, async (lib) => {
      const log = [];
      let stopAll;
      await connectOnce(lib, {
        before: (web) => {
          if (!title.startsWith('came')) stopAll = track(web);
        },
        after: (web) => (stopAll ??= track(web)),
        onConnection: async (peer, req, { web }) => {
          peer.on('close', (code) => log.push(['closed', code]));
          const closed = once(peer, 'close');
          const down = new Promise((resolve) => web.close(resolve));
          stopAll();
          await closed;
          await down;
          log.push(Object.keys(req.socket).includes('_id'), req.socket.destroyed);
        }
      });
      return log;
    });
  }
});
