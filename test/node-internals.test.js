'use strict';

// What lib/link/node-internals.js says that it relies on, tried on the version of Node that runs this;
// and what happens where it is not there.

const { spawnSync } = require('child_process');
const { once } = require('events');
const http = require('http');
const net = require('net');
const path = require('path');

const internals = require('../lib/link/node-internals');
const { upgradeRequest } = require('./helpers/raw-client');

const root = path.join(__dirname, '..');

/** The socket of an upgrade, on an HTTP server, and what is to be closed in the end. */
async function upgraded(use, options = {}) {
  const web = http.createServer(options);
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const client = net.connect(web.address().port, '127.0.0.1');
  client.on('error', () => {});
  client.write(upgradeRequest());
  const [req, socket] = await once(web, 'upgrade');
  try {
    await use({ client, req, socket, web });
  } finally {
    socket.destroy();
    client.destroy();
    await new Promise((resolve) => web.close(resolve));
  }
}

describe('this version of Node has', () => {
  test('all that is looked for when the package is loaded', () => {
    expect(internals.missingInternals()).toEqual([]);
  });

  test('handles with a descriptor and a reference, which can be taken off and closed', async () => {
    await upgraded(async ({ client, socket }) => {
      const { _handle: handle } = socket;
      expect(handle.constructor.name).toBe('TCP');
      expect(handle.fd).toBeGreaterThan(2);
      expect(handle.hasRef()).toBe(true);
      expect(typeof handle.readStop).toBe('function');
      expect(handle.bytesWritten).toBe(0);
      // With the first listener, http.Server's on() goes.
      socket.on('error', () => {});
      expect(internals.isPlain(socket)).toBe(true);
      const ended = once(client, 'close');
      expect(internals.takeHandle(socket)).toBe(handle);
      expect(socket._handle).toBe(null);
      // Nothing else had the descriptor.
      await ended;
    });
  });

  test('a count of connections, which can be left', async () => {
    await upgraded(async ({ socket, web }) => {
      expect(socket._server).toBe(web);
      expect(web._connections).toBe(1);
      internals.takeHandle(socket);
      socket._server = null;
      const closed = new Promise((resolve) => web.close(resolve));
      internals.leaveServer(web);
      await closed;
      expect(web._connections).toBe(0);
    });
  });

  test("sockets that call a handle of ours, and write with a socket's own function", async () => {
    const calls = [];
    const note = (name, result) => () => {
      calls.push(name);
      return result;
    };
    const handle = {
      bytesRead: 5,
      bytesWritten: 6,
      close: (callback) => {
        calls.push('close');
        callback();
      },
      getpeername: (out) => {
        Object.assign(out, { address: '192.0.2.1', family: 'IPv4', port: 7 });
        return 0;
      },
      readStart: note('readStart', 0),
      readStop: note('readStop', 0),
      ref: note('ref'),
      setKeepAlive: note('setKeepAlive', 0),
      setNoDelay: note('setNoDelay', 0),
      shutdown: note('shutdown', 1),
      unref: note('unref')
    };
    const socket = new net.Socket({ handle, manualStart: true, allowHalfOpen: true });
    socket._writeGeneric = (writev, data, encoding, callback) => {
      calls.push(['write', writev, data.toString(), encoding]);
      callback();
    };
    expect([socket.remoteAddress, socket.remotePort]).toEqual(['192.0.2.1', 7]);
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([5, 6]);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.unref();
    socket.ref();
    socket.write('text', 'latin1');
    const finished = once(socket, 'finish');
    socket.end();
    await finished;
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    expect(calls).toEqual([
      'setNoDelay',
      'setKeepAlive',
      'unref',
      'ref',
      ['write', false, 'text', 'latin1'],
      'shutdown',
      'close'
    ]);
    const resetting = new net.Socket({
      handle: { ...handle, reset: (callback) => void callback(calls.push('reset')) },
      manualStart: true
    });
    const reset = once(resetting, 'close');
    resetting.resetAndClosing = true;
    resetting.destroy();
    await reset;
    expect(calls.at(-1)).toBe('reset');
  });

  test('a timer of sockets that calls _onTimeout()', async () => {
    await upgraded(async ({ socket }) => {
      const called = new Promise((resolve) => (socket._onTimeout = resolve));
      socket.setTimeout(1);
      await called;
    });
  });

  test('one listener for connections, the same for each HTTP server', () => {
    const [one, other] = [http.createServer(), new http.Server()].map((web) =>
      web.rawListeners('connection')
    );
    expect(one).toHaveLength(1);
    expect(one).toEqual(other);
    expect(internals.isOrdinaryServer(http.createServer())).toBe(true);
    expect(internals.hasOwnUpgradeCallback(http.createServer())).toBe(true);
  });

  test('the same properties on each socket behind a request for an upgrade', async () => {
    await upgraded(async ({ socket, web }) => {
      expect(internals.isAsNodeLeftIt(socket, web)).toBe(true);
      expect(internals.isAsNodeLeftIt(socket, http.createServer())).toBe(false);
      socket.on('close', () => {});
      expect(internals.isAsNodeLeftIt(socket, web)).toBe(false);
      socket.removeAllListeners('close');
      expect(internals.isAsNodeLeftIt(socket, web)).toBe(true);
      socket.mine = true;
      expect(internals.isAsNodeLeftIt(socket, web)).toBe(false);
    });
  });

  test('a setEncoding() of such sockets that throws', () => {
    expect(internals.refusingSetEncoding()).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP_SOCKET_ENCODING' })
    );
  });
});

describe('a socket is left with Node where', () => {
  const none = () => {};
  const changes = {
    'it is of another class': (socket) =>
      Object.setPrototypeOf(socket, Object.create(net.Socket.prototype)),
    'it is destroyed': (socket) => socket.destroy(),
    'it has an encoding': (socket) => net.Socket.prototype.setEncoding.call(socket, 'utf8'),
    'it is corked': (socket) => socket.cork(),
    'something waits to be written': (socket) => {
      socket.cork();
      socket.write('x');
      Object.defineProperty(socket, 'writableCorked', { value: 0 });
    },
    'its data is listened for': (socket) => socket.on('data', none),
    'it is read from': (socket) => socket.on('readable', none),
    'it has ended': (socket) => socket.end(),
    'it has no handle': (socket) => void (socket._handle = null),
    'its handle is of another kind': (socket) =>
      void (socket._handle = { fd: 3, close: none, constructor: class TTY {} })
  };
  for (const name of [
    '_destroy',
    '_final',
    '_read',
    '_write',
    '_writeGeneric',
    '_writev',
    'destroy',
    'destroySoon',
    'emit',
    'end',
    'on',
    'pause',
    'push',
    'read',
    'resume',
    'unshift',
    'write'
  ]) {
    changes[`${name}() is its own`] = (socket) => {
      const method = socket[name];
      socket[name] = function own(...args) {
        return method.apply(this, args);
      };
    };
  }
  for (const [title, change] of Object.entries(changes)) {
    test(title, async () => {
      await upgraded(async ({ socket }) => {
        const { _handle: handle } = socket;
        socket.on('error', none);
        expect(internals.isPlain(socket)).toBe(true);
        change(socket);
        expect(internals.isPlain(socket)).toBe(false);
        socket._handle = socket.destroyed ? null : handle;
      });
    });
  }

  test('somebody has patched all sockets', async () => {
    const { write } = net.Socket.prototype;
    await upgraded(async ({ socket }) => {
      net.Socket.prototype.write = function patched(...args) {
        return write.apply(this, args);
      };
      try {
        expect(internals.isPlain(socket)).toBe(false);
      } finally {
        delete net.Socket.prototype.write;
      }
    });
  });
});

describe('a process', () => {
  // An echo over a port, over an HTTP server and of a client, in a process where `before` ran first.
  const run = (before, env = {}) => {
    const script = `
      ${before}
      const { once } = require('events');
      const http = require('http');
      const { WebSocket, WebSocketServer } = require(${JSON.stringify(root)});
      const warnings = [];
      process.on('warning', ({ code, message }) => warnings.push([code, message]));
      (async () => {
        const web = http.createServer();
        const echoes = [];
        const handles = [];
        for (const where of [{ port: 0, host: '127.0.0.1' }, { server: web }]) {
          const server = new WebSocketServer(where);
          if (where.server) web.listen(0, '127.0.0.1');
          server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
          await once(server, 'listening');
          const client = new WebSocket('ws://127.0.0.1:' + server.address().port);
          await once(client, 'open');
          client.send('hello');
          const [data] = await once(client, 'message');
          echoes.push(data.toString());
          const [peer] = server.clients;
          for (const { _socket } of [client, peer]) handles.push(_socket._handle.constructor.name);
          client.close();
          await once(client, 'close');
          await new Promise((resolve) => server.close(resolve));
        }
        web.close();
        setImmediate(() => console.log(JSON.stringify({ echoes, handles, warnings })));
      })();
    `;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      env: { ...process.env, ...env }
    });
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  const echoes = ['hello', 'hello'];
  const ours = Array(4).fill('ConnectionHandle');
  const those = Array(4).fill('TCP');

  test('takes descriptors over', () => {
    expect(run('')).toEqual({ echoes, handles: ours, warnings: [] });
  });

  test('leaves them with Node where WSUV_TRANSPORT says so', () => {
    expect(run('', { WSUV_TRANSPORT: 'stream' })).toEqual({ echoes, handles: those, warnings: [] });
  });

  test('is told where WSUV_TRANSPORT says something else', () => {
    expect(run('', { WSUV_TRANSPORT: 'streams' })).toEqual({
      echoes,
      handles: ours,
      warnings: [['WSUV_TRANSPORT', expect.stringContaining('"streams"')]]
    });
  });

  test('leaves them with Node, and says so once, where sockets write in another way', () => {
    const before = `
      const { prototype } = require('net').Socket;
      const { _writeGeneric: write } = prototype;
      prototype._write = function (chunk, encoding, callback) {
        return write.call(this, false, chunk, encoding, callback);
      };
      prototype._writev = function (chunks, callback) {
        return write.call(this, true, chunks, '', callback);
      };`;
    expect(run(before)).toEqual({
      echoes,
      handles: those,
      warnings: [['WSUV_TRANSPORT', expect.stringContaining('it misses net.Socket({ handle })')]]
    });
  });
});

describe('it is missed', () => {
  const { Server, Socket } = net;
  const changes = {
    'net.Socket.prototype._onTimeout': [Socket.prototype, '_onTimeout', undefined],
    'net.Socket.prototype._final': [Socket.prototype, '_final', undefined],
    'net.Server.prototype._emitCloseIfDrained': [
      Server.prototype,
      '_emitCloseIfDrained',
      undefined
    ],
    '_handle.ref()': [Socket.prototype, 'ref', () => {}],
    '_handle.setNoDelay()': [Socket.prototype, 'setNoDelay', () => {}]
  };
  for (const [name, [object, key, value]] of Object.entries(changes)) {
    test(name, () => {
      const original = object[key];
      object[key] = value;
      try {
        expect(internals.missingInternals()).toEqual([name]);
      } finally {
        object[key] = original;
      }
    });
  }
});
