'use strict';

// `ws._socket` is alive: what is done to it happens to the connection, and it says what happens.

const { once } = require('events');
const http = require('http');
const net = require('net');

const ws = require('ws');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const {
  attempt,
  bye,
  converse,
  endsWithCloseFrame,
  parity,
  plain,
  start,
  startOnHttp,
  stop
} = require('./parity');

expectNothingLeftOpen();

const EVENTS = ['end', 'finish', 'close', 'error', 'timeout'];

function watch(socket, log) {
  for (const event of EVENTS) {
    socket.on(event, (...args) => log.push([`socket: ${event}`, ...args.map(plain)]));
  }
}

// A server's connection on its own port, and on an HTTP server.
const both = (act, { client, send, options } = {}) => {
  const run = (lib, onHttp) =>
    converse(lib, {
      onHttp,
      options,
      onConnection: (socket, log, req) => act(socket._socket, log, socket, req),
      client:
        client ??
        (async (raw) => {
          if (send) await raw.send(...send);
          await raw.until((bytes) => bytes.includes('end') || endsWithCloseFrame(bytes));
          await raw.send(bye);
          await raw.until(endsWithCloseFrame);
        })
    });
  return async (lib) => [await run(lib, false), await run(lib, true)];
};
const say = (text) => frame('text', text);

describe('the socket of a connection', () => {
  parity(
    'has the properties of a net.Socket',
    both((socket, log, peer, req) => {
      log.push(
        socket instanceof net.Socket,
        req.socket === socket,
        req.connection === socket,
        peer._socket === socket,
        [socket.remoteAddress, socket.remoteFamily, typeof socket.remotePort],
        [socket.localAddress, socket.localFamily, typeof socket.localPort],
        Object.keys(socket.address()).sort(),
        [socket.connecting, socket.pending, socket.destroyed, socket.readyState],
        [socket.readable, socket.writable, socket.allowHalfOpen, socket.encrypted, socket.timeout],
        [socket.isPaused(), socket.readableFlowing, socket.writableLength, socket.bytesRead > 0],
        [socket.ref() === socket, socket.setNoDelay(true) === socket],
        [socket.setKeepAlive(true, 1000) === socket, socket.setTimeout(0) === socket]
      );
      peer.send('end');
    })
  );

  parity(
    'tells of the end',
    both((socket, log, peer) => {
      watch(socket, log);
      peer.on('close', () => {
        log.push([
          socket.destroyed,
          socket.readyState,
          socket.remotePort,
          socket.bytesWritten > 100
        ]);
      });
      peer.send('end');
    })
  );

  for (const code of [undefined, 1000]) {
    parity(
      `tells of the end, which the server begins: ${code}`,
      both((socket, log, peer) => {
        watch(socket, log);
        peer.close(code);
      })
    );
  }

  parity(
    'writes between the frames',
    both((socket, log, peer) => {
      peer.send('before');
      log.push(typeof socket.write(frame('text', 'raw', { masked: false })));
      peer.send('after');
      socket.write(frame('text', 'called back', { masked: false }), (error) => {
        log.push(['written', plain(error)]);
        peer.send('end');
      });
    })
  );

  parity(
    'writes strings, and corks',
    both((socket, log, peer) => {
      socket.cork();
      socket.write('\x81\x03one', 'latin1');
      socket.write('810374776f', 'hex');
      socket.uncork();
      peer.send('end');
    })
  );

  parity(
    'is ended',
    both((socket) => {
      socket.on('error', () => {});
      socket.end(frame('text', 'end', { masked: false }));
    })
  );

  for (const error of [undefined, new Error('because')]) {
    parity(
      `is destroyed: ${error}`,
      both(
        (socket, log) => {
          watch(socket, log);
          socket.destroy(error);
          log.push([socket.destroyed, socket.readyState]);
        },
        { client: (raw) => raw.closed }
      )
    );
  }

  parity(
    'is destroyed in a handler, with messages behind it',
    both(
      (socket, log, peer) => {
        watch(socket, log);
        peer.on('message', (data) => data.toString() === 'two' && socket.destroy());
      },
      {
        client: async (raw) => {
          await raw.send(say('one'), say('two'), say('three'));
          await raw.closed;
        }
      }
    )
  );

  parity(
    'gives the bytes to whoever listens, too',
    both(
      (socket, log, peer) => {
        let received = Buffer.alloc(0);
        socket.on('data', (chunk) => (received = Buffer.concat([received, chunk])));
        peer.on('message', (data) => data.toString() === 'two' && peer.send('end'));
        peer.on('close', () => log.push(received.length));
      },
      { send: [say('one'), say('two')] }
    )
  );

  parity(
    'gives large pieces of bytes, too',
    both(
      (socket, log, peer) => {
        let size = 0;
        socket.on('data', (chunk) => (size += chunk.length));
        peer.on('message', () => peer.send('end'));
        peer.on('close', () => log.push(size));
      },
      { send: [frame('binary', Buffer.alloc(500_000))] }
    )
  );

  parity(
    'takes bytes that are pushed as if they had come',
    both((socket, log, peer) => {
      socket.push(say('pushed'));
      socket.push(Buffer.concat([say('and'), say('more')]));
      setImmediate(() => peer.send('end'));
    })
  );

  parity(
    'takes an end that is pushed as if it had come',
    both(
      (socket, log) => {
        watch(socket, log);
        socket.push(null);
      },
      { client: (raw) => raw.until(() => false) }
    )
  );

  parity(
    'is paused, and resumed',
    both(
      (socket, log, peer) => {
        socket.pause();
        log.push([socket.isPaused(), peer.isPaused]);
        setTimeout(() => {
          log.push('resumed');
          socket.resume();
          log.push([socket.isPaused(), peer.isPaused]);
          peer.send('end');
        }, 50);
      },
      { send: [say('one')] }
    )
  );

  parity(
    'is paused with the WebSocket',
    both((socket, log, peer) => {
      peer.pause();
      log.push([socket.isPaused(), peer.isPaused]);
      peer.resume();
      log.push([socket.isPaused(), peer.isPaused]);
      peer.send('end');
    })
  );

  parity(
    'times out',
    both((socket, log, peer) => {
      socket.setTimeout(40, () => {
        log.push('called');
        peer.send('end');
      });
      log.push(socket.timeout);
      socket.once('timeout', () => log.push('timeout'));
    })
  );

  parity(
    'does not time out while something happens',
    both(
      (socket, log, peer) => {
        socket.setTimeout(150, () => log.push('timeout'));
        const timer = setInterval(() => peer.ping(), 20);
        setTimeout(() => {
          clearInterval(timer);
          socket.setTimeout(0);
          log.push('quiet');
          peer.send('end');
        }, 400);
      },
      {
        client: async (raw) => {
          await raw.until((bytes) => bytes.includes('end'));
          raw.received = Buffer.from('pings');
          await raw.send(bye);
        }
      }
    )
  );

  parity(
    'times out once while nothing happens',
    both((socket, log, peer) => {
      socket.setTimeout(20);
      socket.on('timeout', () => log.push('timeout'));
      setTimeout(() => {
        socket.setTimeout(0);
        peer.send('end');
      }, 200);
    })
  );

  // Against a timer that runs out later, for whichever is due first comes first however late it is.
  const timingOut = (act, after) =>
    both((socket, log, peer) => {
      let isFirst = true;
      const come = (what) => {
        log.push(what);
        if (!isFirst) return;
        isFirst = false;
        socket.setTimeout(0);
        peer.send('end');
      };
      act(socket, peer, come, (msecs) => {
        const timer = setTimeout(come, msecs, 'too late');
        socket.on('timeout', () => clearTimeout(timer));
      });
    }, after);
  parity(
    'times out when nothing has happened since that was asked for',
    timingOut((socket, peer, come, limit) => {
      socket.setTimeout(200);
      socket.on('timeout', () => come('timeout'));
      limit(350);
    })
  );
  parity(
    'times out so long after what happened last',
    timingOut(
      (socket, peer, come, limit) => {
        socket.setTimeout(400);
        socket.on('timeout', () => come('timeout'));
        setTimeout(() => {
          peer.ping();
          limit(600);
        }, 100);
      },
      {
        client: async (raw) => {
          await raw.until((bytes) => bytes.includes('end'));
          await raw.send(bye);
          await raw.until(endsWithCloseFrame);
        }
      }
    )
  );

  // The raw client ends its side when it likes, and reads when it likes.
  const halves = (act) => async (lib) => {
    const logs = [];
    for (const onHttp of [false, true]) {
      const { server, port } = await (onHttp ? startOnHttp(lib) : start(lib));
      const client = new RawClient(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
      const connected = once(server, 'connection');
      await client.upgrade();
      const [peer] = await connected;
      const log = [];
      watch(peer._socket, log);
      const closed = once(peer, 'close').then(([code]) => log.push(['close', code]));
      await act(client, peer, log);
      await closed;
      client.socket.destroy();
      await client.closed;
      await stop(server);
      logs.push(log);
    }
    return logs;
  };
  parity(
    'is destroyed behind its end though the peer has not ended',
    halves(async (client, { _socket: socket }) => {
      socket.end();
      await once(socket, 'finish');
      socket.destroy();
      await once(client.socket, 'end');
    })
  );
  parity(
    'writes all there is when both sides have ended',
    halves(async (client, peer, log) => {
      client.socket.pause();
      // More than the kernel takes.
      peer.send(Buffer.alloc(30_000_000, 'x'));
      client.socket.end();
      await once(peer._socket, 'end');
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      client.socket.resume();
      await client.closed;
      log.push(client.received.length);
    })
  );

  parity('checks arguments', async (lib) => {
    const { server, port } = await start(lib);
    const client = new RawClient(port);
    const connected = once(server, 'connection');
    await client.upgrade();
    const [peer] = await connected;
    const { _socket: socket } = peer;
    const log = [
      plain(attempt(() => socket.setTimeout('soon'))),
      plain(attempt(() => socket.setTimeout(-1))),
      plain(attempt(() => socket.write(5))),
      plain(attempt(() => socket.write(null)))
    ];
    peer.terminate();
    await client.closed;
    await stop(server);
    return log;
  });

  parity('resets the connection', async (lib) => {
    const log = [];
    for (const onHttp of [false, true]) {
      const web = http.createServer();
      const server = new lib.WebSocketServer(onHttp ? { server: web } : { port: 0 });
      if (onHttp) web.listen(0);
      await once(server, 'listening');
      const client = new RawClient(server.address().port);
      client.socket.on('error', (error) => log.push(error.code));
      const connected = once(server, 'connection');
      await client.upgrade();
      const [peer] = await connected;
      const closed = once(peer, 'close');
      log.push(attempt(() => peer._socket.resetAndDestroy()));
      await client.closed;
      log.push((await closed)[0]);
      await stop(server);
      await new Promise((resolve) => web.close(resolve));
    }
    return log;
  });
});

describe('who asks for it, and when', () => {
  // The same object by every way, whenever it is first asked for.
  const moments = {
    'at once': (peer, req) => [peer._socket, req.socket],
    'the request first': (peer, req) => [req.socket, peer._socket]
  };
  for (const [title, ask] of Object.entries(moments)) {
    for (const late of [false, true]) {
      parity(`${title}${late ? ', when the connection is over' : ''}`, async (lib) => {
        const { server, port } = await start(lib);
        const client = new RawClient(port);
        const connected = once(server, 'connection');
        await client.upgrade();
        const [peer, req] = await connected;
        if (late) {
          const closed = once(peer, 'close');
          client.socket.destroy();
          await closed;
        }
        const [one, other] = ask(peer, req);
        const log = [one === other, one === peer._socket, one.destroyed, one instanceof net.Socket];
        client.socket.destroy();
        await client.closed;
        await stop(server);
        return log;
      });
    }
  }
});

describe('an HTTP server whose connections were upgraded', () => {
  parity('counts them, and waits for them', async (lib) => {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ server: web });
    web.listen(0);
    await once(web, 'listening');
    const log = [];
    const client = new RawClient(web.address().port);
    const connected = once(server, 'connection');
    await client.upgrade();
    const [peer] = await connected;
    const count = () => new Promise((resolve) => web.getConnections((_, n) => resolve(n)));
    log.push(await count());
    web.on('close', () => log.push('server closed'));
    peer.on('close', () => log.push('peer closed'));
    peer._socket.on('close', () => log.push('socket closed'));
    web.close();
    await new Promise((resolve) => setTimeout(resolve, 30));
    log.push('not yet', await count());
    const closed = once(peer, 'close');
    await client.send(bye);
    await client.until(endsWithCloseFrame);
    client.socket.end();
    await closed;
    log.push(await count());
    await new Promise((resolve) => setTimeout(resolve, 30));
    return log;
  });

  parity('takes what came behind the request', async (lib) => {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ noServer: true });
    const log = [];
    web.on('upgrade', (req, socket, head) => {
      log.push(head.length);
      // Long enough for more to come.
      setTimeout(() => {
        server.handleUpgrade(req, socket, head, (peer) => {
          peer.on('message', (data) => log.push(data.toString()));
        });
      }, 50);
    });
    web.listen(0);
    await once(web, 'listening');
    const client = new RawClient(web.address().port);
    const answered = client.upgrade({}, {}, say('in the same packet'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await client.send(say('a little later'));
    await answered;
    await client.send(say('after the answer'), bye);
    await client.until(endsWithCloseFrame);
    client.socket.end();
    await client.closed;
    await new Promise((resolve) => web.close(resolve));
    return log;
  });
});

describe('the socket of a client', () => {
  const talking = async (lib, act) => {
    const { server, port } = await start(ws);
    server.on('connection', (socket) => {
      socket.on('message', (data) => socket.send(data));
      socket.send('hello');
    });
    const log = [];
    const client = new lib.WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    client.on('message', (data) => log.push(['message', data.toString()]));
    const closed = new Promise((resolve) => {
      client.on('close', (code) => {
        log.push(['close', code]);
        resolve();
      });
    });
    client.on('open', () => act(client._socket, log, client));
    await closed;
    await stop(server);
    return log;
  };

  parity('is alive', (lib) =>
    talking(lib, (socket, log, client) => {
      watch(socket, log);
      log.push(socket instanceof net.Socket, socket.remoteAddress, socket.readyState);
      log.push(socket.unref() === socket, socket.ref() === socket);
      client.once('message', () => client.close());
    })
  );
  parity('is destroyed', (lib) =>
    talking(lib, (socket, log, client) => {
      watch(socket, log);
      client.once('message', () => socket.destroy());
    })
  );
  parity('is ended', (lib) =>
    talking(lib, (socket, log, client) => {
      watch(socket, log);
      client.once('message', () => socket.end());
    })
  );
});
