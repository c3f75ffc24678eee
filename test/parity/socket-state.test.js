'use strict';

// A socket has a state before it becomes a WebSocket's: it is carried over.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');

const ws = require('ws');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, endsWithCloseFrame, parity, plain, stop } = require('./parity');

expectNothingLeftOpen();

// All that a net.Socket has, up to Duplex: values as they are where they are the same in each run.
function describeSocket(socket) {
  const names = new Set();
  for (let at = socket; Object.hasOwn(at, 'constructor') === false || at !== null;) {
    Object.getOwnPropertyNames(at).forEach((name) => names.add(name));
    at = Object.getPrototypeOf(at);
    if (at === null || Object.hasOwn(at, 'hasOwnProperty')) break;
  }
  const VARYING = /port$/i;
  // Node's inside (on a port, `_server` is null); and what depends on how much of the messages was read by now.
  const OTHER =
    /^(_events|_eventsCount|_handle|_onTimeout|_server|_sockname|constructor|readableDidRead|readableLength)$/;
  const described = {};
  for (const name of [...names].sort()) {
    if (OTHER.test(name)) continue;
    const value = socket[name];
    if (typeof value === 'function' || (typeof value === 'object' && value !== null)) {
      described[name] = typeof value;
    } else {
      described[name] = VARYING.test(name) ? typeof value : value;
    }
  }
  return described;
}

function describeListeners(socket) {
  return socket
    .eventNames()
    .map((name) => [String(name), socket.listenerCount(name)])
    .sort();
}

// Where connections come from, each with what is done to the socket before.
const SOURCES = {
  'handleUpgrade()': async (lib, before, use) => {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ noServer: true });
    const done = new Promise((resolve, reject) => {
      web.on('upgrade', (req, socket, head) => {
        before(socket);
        server.handleUpgrade(req, socket, head, (peer) => {
          use(peer, socket).then(resolve, reject);
        });
      });
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const client = new RawClient(web.address().port);
    await client.upgrade({}, {}, frame('text', 'first'));
    await client.send(frame('text', 'second'));
    await done;
    client.socket.destroy();
    await client.closed;
    await stop(server);
    await new Promise((resolve) => web.close(resolve));
  },
  'a port': async (lib, before, use) => {
    const server = new lib.WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: ({ req }) => {
        before(req.socket);
        return true;
      }
    });
    const done = new Promise((resolve, reject) => {
      server.on('connection', (peer, req) => use(peer, req.socket).then(resolve, reject));
    });
    await once(server, 'listening');
    const client = new RawClient(server.address().port);
    await client.upgrade();
    await client.send(frame('text', 'first'), frame('text', 'second'));
    await done;
    client.socket.destroy();
    await client.closed;
    await stop(server);
  },
  'a client': async (lib, before, use) => {
    const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (peer) => {
      peer.send('first');
      peer.send('second');
    });
    await once(server, 'listening');
    const client = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`, {
      perMessageDeflate: false
    });
    client.on('upgrade', (res) => before(res.socket));
    client.on('error', () => {});
    await once(client, 'open');
    await use(client, client._socket);
    client.terminate();
    await stop(server);
  }
};

for (const [title, source] of Object.entries(SOURCES)) {
  describe(`the socket of ${title}`, () => {
    const scenario = (name, before, use) =>
      parity(name, async (lib) => {
        const log = [];
        await source(
          lib,
          (socket) => before(socket, log),
          async (peer, socket) => {
            peer.on('error', (error) => log.push(plain(error)));
            log.push(peer._socket === socket);
            await use(peer, socket, log);
          }
        );
        return log;
      });

    scenario(
      'has all that a net.Socket has',
      (socket, log) => log.push(describeListeners(socket).filter(([name]) => name !== 'error')),
      async (peer, socket, log) => {
        log.push(describeSocket(socket), describeListeners(socket));
        peer.terminate();
        log.push(describeSocket(socket));
        await once(peer, 'close');
        log.push(describeSocket(socket), describeListeners(socket));
      }
    );

    scenario(
      'stays paused',
      (socket) => socket.pause(),
      async (peer, socket, log) => {
        log.push(socket.isPaused(), peer.isPaused);
        // More than one turn of the event loop, in which a first message would come.
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        const second = new Promise((resolve) => {
          peer.on('message', (data) => {
            log.push(data.toString());
            if (data.toString() === 'second') resolve();
          });
        });
        socket.resume();
        log.push(socket.isPaused());
        await second;
      }
    );

    scenario(
      'was paused and resumed',
      (socket) => socket.pause().resume(),
      async (peer, socket, log) => {
        log.push(socket.isPaused(), socket.readableFlowing);
      }
    );

    scenario(
      'keeps the event loop alive, or does not',
      (socket, log) => {
        log.push(socket._handle.hasRef());
        socket.unref();
      },
      async (peer, socket, log) => {
        log.push(socket._handle.hasRef());
        socket.ref();
        log.push(socket._handle.hasRef());
        socket.unref();
        log.push(socket._handle.hasRef());
      }
    );

    scenario(
      'has no time-out any more, but its listeners',
      (socket) => socket.setTimeout(30, () => {}),
      async (peer, socket, log) => {
        log.push(socket.timeout, socket.listenerCount('timeout'));
        socket.on('timeout', () => log.push('timeout'));
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    );

    scenario(
      'knows whether small packets wait',
      (socket) => socket.setNoDelay(false),
      async (peer, socket, log) => {
        socket._handle.setNoDelay = (on) => void log.push(['setNoDelay', on]);
        socket.setNoDelay(true);
        socket.setNoDelay(false);
        socket.setNoDelay(false);
        socket.setNoDelay();
      }
    );

    scenario(
      'knows whether it is kept alive',
      (socket) => socket.setKeepAlive(true, 5000),
      async (peer, socket, log) => {
        socket._handle.setKeepAlive = (...args) => void log.push(['setKeepAlive', ...args]);
        socket.setKeepAlive(true, 5000);
        socket.setKeepAlive(true, 9000);
        socket.setKeepAlive(false);
        socket.setKeepAlive(false);
      }
    );

    scenario(
      'counts on',
      (socket, log) => log.push(socket.bytesRead, socket.bytesWritten),
      async (peer, socket, log) => {
        log.push(socket.bytesWritten);
        const sent = new Promise((resolve) => peer.send('x'.repeat(1000), resolve));
        log.push(socket.bytesWritten);
        await sent;
        log.push(socket.bytesWritten);
      }
    );

    scenario(
      'has a descriptor',
      (socket, log) => log.push(socket._handle.fd > 2),
      async (peer, socket, log) => {
        log.push(fs.fstatSync(socket._handle.fd).isSocket());
      }
    );

    scenario(
      'keeps properties, listeners and limits',
      (socket) => {
        socket.mine = { set: true };
        socket.setMaxListeners(50);
        socket.on('custom', () => {});
        socket.setDefaultEncoding('latin1');
      },
      async (peer, socket, log) => {
        log.push(socket.mine, socket.getMaxListeners(), socket.listenerCount('custom'));
        log.push([socket.readableHighWaterMark, socket.writableHighWaterMark]);
      }
    );

    scenario(
      'is refused an encoding, or has it',
      (socket, log) => {
        try {
          log.push(socket.setEncoding('latin1') === socket, socket.readableEncoding);
        } catch (error) {
          log.push(plain(error));
        }
      },
      async (peer, socket, log) => {
        log.push(socket.readableEncoding);
      }
    );

    scenario(
      'is corked',
      (socket) => socket.cork(),
      async (peer, socket, log) => {
        log.push(socket.writableCorked, socket.writableLength > 0);
        socket.uncork();
        log.push(socket.writableCorked);
      }
    );
  });
}

describe('the limits of buffers that an HTTP server was given', () => {
  for (const isSeen of [false, true]) {
    parity(`are those of its sockets, ${isSeen ? 'seen' : 'not seen'} before`, async (lib) => {
      const log = [];
      const web = http.createServer({ highWaterMark: 5000 });
      if (isSeen) web.on('connection', (socket) => socket.writable);
      const server = new lib.WebSocketServer({ server: web });
      web.listen(0, '127.0.0.1');
      await once(web, 'listening');
      const client = new RawClient(web.address().port);
      const connected = once(server, 'connection');
      await client.upgrade();
      const [{ _socket: socket }] = await connected;
      log.push(socket.readableHighWaterMark, socket.writableHighWaterMark);
      client.socket.destroy();
      await client.closed;
      await stop(server);
      await new Promise((resolve) => web.close(resolve));
      return log;
    });
  }
});

parity('a Unix socket says what it is', async (lib) => {
  const file = path.join(os.tmpdir(), `wsuv-state-${process.pid}.sock`);
  const log = [];
  const server = new lib.WebSocketServer({ port: file });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const client = new RawClient(file);
  await client.upgrade();
  const [{ _socket: socket }] = await connected;
  log.push(socket instanceof net.Socket, describeSocket(socket));
  try {
    socket.resetAndDestroy();
  } catch (error) {
    log.push(plain(error));
  }
  await client.send(bye);
  await client.until(endsWithCloseFrame);
  client.socket.end();
  await client.closed;
  await stop(server);
  return log;
});

// A process that has a server and a client of itself, all of them without a hold on the event loop.
const PROCESS = `
const { spawn } = require('child_process');
const { once } = require('events');
const http = require('http');
const lib = require(process.argv[1]);
const isOnPort = process.argv[2] === 'port';
const web = http.createServer();
const server = new lib.WebSocketServer({
  ...(isOnPort ? { port: 0, host: '127.0.0.1' } : { server: web }),
  verifyClient: ({ req }) => req.socket.unref()
});
if (!isOnPort) web.listen(0, '127.0.0.1');
server.on('listening', () => {
  server._server.unref();
  const client = new lib.WebSocket('ws://127.0.0.1:' + server.address().port);
  client.on('upgrade', (res) => res.socket.unref());
  client.on('open', () => console.log('open'));
  client.on('close', (code) => console.log('close', code));
});
process.on('exit', (code) => console.log('exit', code));
`;

for (const where of ['port', 'server']) {
  parity(`what was unreferenced before it was open lets the process end: ${where}`, async (lib) => {
    const name = lib === ws ? 'ws' : path.join(__dirname, '..', '..');
    const child = spawn(process.execPath, ['-e', PROCESS, name, where], {
      cwd: __dirname,
      stdio: ['ignore', 'pipe', 'inherit']
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    return [await once(child, 'close'), output];
  });
}
