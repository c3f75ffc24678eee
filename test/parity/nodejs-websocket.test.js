'use strict';

// wsuv/nodejs-websocket beside nodejs-websocket: one program for both, and everything that it can see.

const { createHash } = require('crypto');
const { once } = require('events');
const net = require('net');
const tls = require('tls');

const original = require('nodejs-websocket');

const own = require('../../lib/nodejs-websocket');
const { closeFrame, frame, parseFrames } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient, upgradeRequest } = require('../helpers/raw-client');
const { attempt, certificate, describeError, plain } = require('./parity');

expectNothingLeftOpen();

const DEFAULTS = [512 * 1024, 2 * 1024 * 1024];

function parity(title, scenario) {
  test(title, async () => {
    for (const lib of [original, own]) {
      lib.setBinaryFragmentation(DEFAULTS[0]);
      lib.setMaxBufferLength(DEFAULTS[1]);
    }
    const [expected, actual] = [await scenario(original), await scenario(own)];
    expect(actual).toEqual(expected);
    // A scenario that observes nothing compares nothing.
    expect(JSON.stringify(expected).length).toBeGreaterThan(10);
  });
}

// Writes down what comes, with the state in the handler.
function record(connection, log, name = '') {
  const note = (event, ...args) => {
    // The original tells of an abnormal end before it changes the state.
    const state = event === 'close' && args[0] === 1006 ? 'any state' : connection.readyState;
    log.push([`${name}${event}`, ...args.map(plain), state]);
  };
  for (const event of ['connect', 'text', 'pong', 'error', 'close']) {
    connection.on(event, (...args) => note(event, ...args));
  }
  connection.on('binary', (stream) => {
    const chunks = [];
    note('binary');
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => note('end of binary', Buffer.concat(chunks)));
  });
}

// Resolves with what comes with an event. (once() of Node's would take an 'error' for an end.)
function heard(connection, event) {
  return new Promise((resolve) => connection.once(event, (...args) => resolve(args)));
}

async function startServer(lib, onConnection, options = {}) {
  const server = lib.createServer(options, onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: server.socket.address().port };
}

async function stopServer(server) {
  for (const connection of [...server.connections]) connection.socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

// One raw client and a server of the package. `act` is what the client does.
async function converse(lib, { options, headers, line, onConnection = () => {}, client: act }) {
  const log = [];
  const { server, port } = await startServer(
    lib,
    (connection) => {
      record(connection, log);
      onConnection(connection, log, server);
    },
    options
  );
  const client = new RawClient(port, { secure: options?.secure });
  const head = await client.upgrade(headers, line);
  await act(client, server, log);
  client.socket.end();
  await client.closed;
  await stopServer(server);
  return { head, log, frames: plainFrames(client.received) };
}

function plainFrames(bytes) {
  const { frames, rest } = parseFrames(bytes);
  return [
    ...frames.map(({ fin, opcode, payload }) => [
      fin,
      opcode,
      payload.length > 100 ? `${payload.length} bytes` : payload.toString('latin1')
    ]),
    rest.toString('latin1')
  ];
}

// Resolves when the server has seen all that the client has sent.
async function settle(client) {
  const answers = () => parseFrames(client.received).frames.filter(({ opcode }) => opcode === 10);
  const before = answers().length;
  await client.send(frame('ping', 'settle'));
  await client.until(() => answers().length > before);
}

async function until(condition) {
  while (!condition()) await new Promise(setImmediate);
}

describe('messages that a server gets', () => {
  parity('texts', (lib) =>
    converse(lib, {
      onConnection: (connection) => connection.on('text', (text) => connection.sendText(text)),
      async client(client) {
        for (const text of ['', 'a', 'é€😀', 'x'.repeat(126), 'y'.repeat(70000)]) {
          await client.send(frame('text', text));
        }
        await settle(client);
      }
    })
  );

  parity('binary messages', (lib) =>
    converse(lib, {
      async client(client) {
        for (const size of [0, 1, 125, 126, 70000]) {
          await client.send(frame('binary', Buffer.alloc(size, 'x')));
          await settle(client);
        }
      }
    })
  );

  parity('a text in fragments', (lib) =>
    converse(lib, {
      async client(client) {
        await client.send(
          frame('text', 'one ', { fin: false }),
          frame('ping', 'between'),
          frame('continuation', '', { fin: false }),
          frame('continuation', 'two')
        );
        await settle(client);
      }
    })
  );

  parity('a binary message in fragments', (lib) =>
    converse(lib, {
      async client(client) {
        await client.send(
          frame('binary', 'one ', { fin: false }),
          frame('pong', 'between'),
          frame('continuation', '', { fin: false }),
          frame('continuation', 'two')
        );
        await settle(client);
      }
    })
  );

  parity('pings and pongs', (lib) =>
    converse(lib, {
      onConnection(connection) {
        connection.sendPing();
        connection.sendPing('payload');
        connection.sendPing('é');
      },
      async client(client) {
        await client.send(frame('ping', ''), frame('ping', 'é'), frame('pong', ''));
        await client.send(frame('pong', 'payload'), frame('pong', 'é'));
        await settle(client);
      }
    })
  );

  parity('what nobody listens for', async (lib) => {
    const { server, port } = await startServer(lib, () => {});
    const client = new RawClient(port);
    await client.upgrade();
    await client.send(frame('text', 'x'), frame('binary', 'y'), frame('pong', 'z'));
    await settle(client);
    await client.end();
    await stopServer(server);
    return plainFrames(client.received);
  });
});

describe('messages that a server sends', () => {
  // (Errors are of another realm than the test's: so Node takes them for something else.)
  const thrownBy = (action) => {
    const { code, message } = attempt(action).thrown;
    return [code, message.split('\n')[0]];
  };
  const sizes = [0, 1, 125, 126, 65535, 65536, 200000];

  parity('texts and binary messages', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        for (const size of sizes) {
          connection.sendText('x'.repeat(size));
          connection.sendBinary(Buffer.alloc(size, 'y'));
          connection.send('z'.repeat(size));
          connection.send(Buffer.alloc(size, 'z'));
        }
        log.push(connection.sendText('the last'), connection.sendBinary(Buffer.from('one')));
        log.push(connection.send('returns'), connection.send(Buffer.from('nothing')));
        connection.sendText(Buffer.from('bytes as text'));
        connection.sendBinary(new Uint8Array([65, 66]));
      },
      client: (client) => client.until((bytes) => bytes.includes('AB'))
    })
  );

  parity('callbacks', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        const called =
          (name) =>
          (...args) =>
            log.push([name, ...args.map(plain)]);
        connection.sendText('a', called('text'));
        connection.sendBinary(Buffer.from('b'), called('binary'));
        connection.send('c', called('send text'));
        connection.send(Buffer.from('d'), called('send binary'));
        connection.sendText('e', undefined);
        connection.sendText('f', null);
        log.push('sent');
      },
      client: (client, server, log) => until(() => log.length === 5)
    })
  );

  parity('what cannot be sent', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        const names = (action) => ('thrown' in attempt(action) ? 'thrown' : 'nothing');
        for (const value of [5, null, undefined, {}, true]) {
          log.push(names(() => connection.sendText(value)));
          log.push(names(() => connection.sendBinary(value)));
          log.push(attempt(() => connection.send(value)).thrown.message);
        }
        log.push(names(() => connection.sendBinary('a string')));
        log.push(attempt(() => connection.send(new Uint8Array(1))).thrown.message);
        log.push(names(() => connection.sendText('a', {})));
        log.push(names(() => connection.sendText('a', 5)));
        log.push(names(() => connection.sendPing(5)));
        connection.sendText('done');
      },
      client: (client) => client.until((bytes) => bytes.includes('done'))
    })
  );

  parity('sending when it is closed', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        connection.close(1000, 'bye');
        connection.sendText('a');
        connection.sendBinary(Buffer.from('b'));
        log.push([connection.beginBinary(), connection.outStream]);
        connection.send('c');
        connection.sendPing('d');
      },
      async client(client) {
        await client.until((bytes) => bytes.length >= 7);
        await client.send(closeFrame(1000));
      }
    })
  );

  parity('an error that nobody listens for is thrown', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        connection.removeAllListeners('error');
        connection.close();
        log.push(thrownBy(() => connection.sendText('a')));
        log.push(thrownBy(() => connection.beginBinary()));
      },
      client: (client) => client.until((bytes) => bytes.length >= 2)
    })
  );

  parity('to everybody', async (lib) => {
    const { server, port } = await startServer(lib, () => {});
    const clients = [1, 2, 3].map(() => new RawClient(port));
    for (const client of clients) await client.upgrade();
    const isArray = Array.isArray(server.connections);
    server.connections.forEach((connection) => connection.sendText('all'));
    for (const client of clients) await client.until((bytes) => bytes.length >= 5);
    const counts = [server.connections.length];
    await clients[1].send(closeFrame(1000));
    await until(() => server.connections.length < 3);
    counts.push(server.connections.length);
    const closed = new Promise((resolve) => server.close(resolve));
    for (const client of clients) await client.end();
    await closed;
    counts.push(server.connections.length);
    return [isArray, counts, clients.map(({ received }) => plainFrames(received))];
  });
});

describe('binary streams', () => {
  // What the client gets of chunks of these sizes.
  const chunks = [
    [],
    [0],
    [1],
    [99],
    [100],
    [101],
    [250],
    [50, 50],
    [50, 49, 1],
    [60, 60, 60, 60],
    [100, 100]
  ];

  test.each(chunks)('writes of %p', async (...sizes) => {
    const run = async (lib) => {
      lib.setBinaryFragmentation(100);
      return converse(lib, {
        onConnection(connection, log) {
          const stream = connection.beginBinary();
          log.push([connection.outStream === stream, stream.writable]);
          sizes.forEach((size, i) => stream.write(Buffer.alloc(size, String(i))));
          stream.end(() => log.push(['ended', connection.outStream === null]));
          stream.on('finish', () => {
            log.push(['finish', connection.outStream === null]);
            connection.sendText('done');
          });
        },
        client: (client) => client.until((bytes) => bytes.includes('done'))
      });
    };
    expect(await run(own)).toEqual(await run(original));
  });

  parity('strings, encodings and callbacks', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        const stream = connection.beginBinary();
        stream.write('é', 'latin1', () => log.push('first'));
        stream.write('6162', 'hex', () => log.push('second'));
        stream.end('€', () => log.push('third'));
      },
      client: (client, server, log) => until(() => log.length === 3)
    })
  );

  parity('nothing else can be sent meanwhile but pings', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        const stream = connection.beginBinary();
        stream.write('a');
        log.push(connection.sendText('no'), connection.sendBinary(Buffer.from('no')));
        log.push(connection.beginBinary(), connection.send('no'));
        connection.sendPing('yes');
        stream.on('finish', () => connection.sendText('done')).end('b');
      },
      client: (client) => client.until((bytes) => bytes.includes('done'))
    })
  );

  parity('the size is that of when it began', (lib) => {
    lib.setBinaryFragmentation(10);
    return converse(lib, {
      onConnection(connection) {
        const stream = connection.beginBinary();
        lib.setBinaryFragmentation(3);
        stream.write('12345');
        stream.write('67890');
        stream.on('finish', () => {
          const second = connection.beginBinary();
          second.write('123');
          second.on('finish', () => connection.sendText('done')).end();
        });
        stream.end();
      },
      client: (client) => client.until((bytes) => bytes.includes('done'))
    });
  });

  parity('what is written while it closes is dropped', (lib) => {
    lib.setBinaryFragmentation(2);
    return converse(lib, {
      onConnection(connection, log) {
        const stream = connection.beginBinary();
        stream.write('ab');
        connection.close(4000, 'enough');
        stream.write('cd', () => log.push('written'));
        stream.end('ef', () => log.push(['ended', connection.outStream === null]));
      },
      async client(client, server, log) {
        await client.until((bytes) => bytes.includes('enough'));
        await until(() => log.length === 3);
        await client.send(closeFrame(4000));
      }
    });
  });
});

describe('closing', () => {
  const byPeer = [[], [1000], [1000, 'a reason'], [1001, ''], [3000, 'é'], [4999, 'x'.repeat(123)]];
  test.each(byPeer)('by the peer: %p %p', async (...args) => {
    const run = (lib) =>
      converse(lib, {
        client: async (client, server, log) => {
          await client.send(closeFrame(...args));
          await until(() => log.length === 1);
          log.push(server.connections.length);
        }
      });
    expect(await run(own)).toEqual(await run(original));
  });

  const byServer = [
    [],
    [1000],
    [1000, 'a reason'],
    [1005],
    [1005, 'x'],
    [3000, 'é'],
    [undefined, 'x'],
    [4000, 5]
  ];
  test.each(byServer)('by the server: %p %p', async (...args) => {
    const run = (lib) =>
      converse(lib, {
        onConnection(connection, log, server) {
          connection.close(...args);
          log.push([connection.readyState, server.connections.length]);
        },
        client: async (client, server, log) => {
          await client.until((bytes) => parseFrames(bytes).frames.length === 1);
          // Messages that come meanwhile are nobody's, pongs are.
          await client.send(frame('text', 'late'), frame('binary', 'late'), frame('pong', 'late'));
          await until(() => log.length === 3);
          await client.send(closeFrame(1000));
        }
      });
    expect(await run(own)).toEqual(await run(original));
  });

  test.each([999, 1004, 1006, 1015, 2999, 5000, 65536, -1, 'x'])(
    'not with the code %p, and it stays open',
    async (code) => {
      const { log, frames } = await converse(own, {
        onConnection(connection, log) {
          log.push(attempt(() => connection.close(code)).thrown.name, connection.readyState);
          connection.sendText('still here');
        },
        client: (client) => client.until((bytes) => bytes.includes('still here'))
      });
      expect(log.slice(0, 2)).toEqual(['TypeError', 1]);
      expect(frames).toEqual([[true, 1, 'still here'], '']);
    }
  );

  parity('an end without a close frame is 1006', async (lib) => {
    const ends = [];
    const { server, port } = await startServer(lib, (connection) => {
      connection.on('close', (...args) => ends.push(args));
      connection.on('error', (error) => ends.push(error.code));
    });
    const polite = new RawClient(port);
    await polite.upgrade();
    await polite.end();
    await until(() => ends.length === 1);
    const rude = new RawClient(port);
    await rude.upgrade();
    await rude.reset();
    await until(() => ends.length === 3);
    await stopServer(server);
    return ends;
  });

  parity('a socket that the program destroys is 1006', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        connection.removeAllListeners('close');
        connection.on('close', (...args) => log.push(args));
        connection.socket.destroy();
      },
      client: (client, server, log) => until(() => log.length === 1)
    })
  );
});

describe('handshakes of a server', () => {
  parity('the answer, and what a connection has then', async (lib) => {
    const seen = [];
    const { head } = await converse(lib, {
      headers: { 'X-Own': 'a value', Origin: 'http://example.com' },
      line: { path: '/chat/room?a=b%20c' },
      onConnection(connection, log, server) {
        const {
          path,
          host,
          extraHeaders,
          protocols,
          protocol,
          readyState,
          outStream,
          key,
          headers
        } = connection;
        seen.push({ path, host, extraHeaders, protocols, protocol, readyState, outStream, key });
        seen.push({ ...headers });
        seen.push([connection.server === server, server.connections.includes(connection)]);
        const { CONNECTING, OPEN, CLOSING, CLOSED } = connection;
        seen.push([CONNECTING, OPEN, CLOSING, CLOSED]);
        seen.push([connection.socket instanceof net.Socket, connection.socket.remoteAddress]);
        seen.push(server.socket instanceof net.Server);
      },
      client: settle
    });
    return { head, seen };
  });

  const offers = ['a', 'a, b', 'b,a', ' c , b ', 'none', 'none, a'];
  test.each(offers)('validProtocols, where "%s" is offered', async (offer) => {
    const run = async (lib) => {
      const seen = [];
      const { head } = await converse(lib, {
        options: { validProtocols: ['a', 'b', 'c'] },
        headers: { 'Sec-WebSocket-Protocol': offer },
        onConnection: ({ protocol, protocols }) => seen.push(protocol, protocols),
        client: settle
      });
      return { head, seen };
    };
    expect(await run(own)).toEqual(await run(original));
  });

  test.each(['b', 'unheard-of', '', undefined, null, false])(
    'selectProtocol that returns %p',
    async (choice) => {
      const run = async (lib) => {
        const seen = [];
        const { head } = await converse(lib, {
          options: {
            validProtocols: ['a'],
            selectProtocol(connection, protocols) {
              seen.push(protocols, connection.protocols === protocols);
              const { path, headers, key, readyState, protocol, server } = connection;
              seen.push(path, headers['sec-websocket-protocol'], key, readyState, protocol);
              seen.push(server.connections.length, connection.socket instanceof net.Socket);
              connection.on('connect', () => seen.push(['connect', connection.readyState]));
              return choice;
            }
          },
          headers: { 'Sec-WebSocket-Protocol': 'a, b' },
          onConnection: ({ protocol, protocols }) => seen.push(['connection', protocol, protocols]),
          client: settle
        });
        return { head, seen };
      };
      expect(await run(own)).toEqual(await run(original));
    }
  );

  parity('selectProtocol is not asked where none is offered', async (lib) => {
    const asked = [];
    const { head } = await converse(lib, {
      options: { selectProtocol: () => asked.push('asked') },
      onConnection: ({ protocol, protocols }) => asked.push(protocol, protocols),
      client: settle
    });
    return { head, asked };
  });

  const wrong = {
    'a page': 'GET / HTTP/1.1\r\nHost: a\r\nA: a\r\nB: b\r\n\r\n',
    'another method': upgradeRequest({}, { method: 'POST' }),
    'no Host': upgradeRequest({ Host: undefined, A: 'a' }),
    'no key': upgradeRequest({ 'Sec-WebSocket-Key': undefined, A: 'a' }),
    'no version': upgradeRequest({ 'Sec-WebSocket-Version': undefined, A: 'a' }),
    'version 12': upgradeRequest({ 'Sec-WebSocket-Version': '12' }),
    'no Upgrade': upgradeRequest({ Upgrade: undefined, A: 'a' }),
    'another Upgrade': upgradeRequest({ Upgrade: 'h2c' }),
    'no Connection': upgradeRequest({ Connection: undefined, A: 'a' }),
    'another Connection': upgradeRequest({ Connection: 'keep-alive' }),
    'no HTTP': 'hello\r\nA: a\r\nB: b\r\nC: c\r\nD: d\r\n\r\n'
  };
  test.each(Object.keys(wrong))('%s is 400', async (name) => {
    const run = async (lib) => {
      const seen = [];
      const { server, port } = await startServer(lib, () => seen.push('a connection'));
      server.on('error', (error) => seen.push(error.message));
      const client = new RawClient(port);
      await client.send(wrong[name]);
      const answer = await client.response();
      await client.end();
      await stopServer(server);
      return { line: answer.split('\r\n')[0], seen };
    };
    expect(await run(own)).toEqual(await run(original));
  });

  test.each([
    { Connection: 'keep-alive, Upgrade' },
    { Connection: 'x,upgrade' },
    { Upgrade: 'WebSocket' }
  ])('%p is accepted', async (headers) => {
    const run = async (lib) => (await converse(lib, { headers, client: settle })).head;
    expect(await run(own)).toEqual(await run(original));
  });

  parity('frames in the packet of the request', async (lib) => {
    const log = [];
    const { server, port } = await startServer(lib, (connection) => record(connection, log));
    const client = new RawClient(port);
    await client.send(upgradeRequest(), frame('text', 'at once'), closeFrame(1000));
    await until(() => log.length === 2);
    await client.end();
    await stopServer(server);
    return log;
  });
});

describe('a server', () => {
  test('has the members of the original', () => {
    expect(Object.keys(own)).toEqual(expect.arrayContaining(Object.keys(original)));
    for (const name of Object.keys(original)) expect(typeof own[name]).toBe(typeof original[name]);
    const members = ({ createServer }) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(createServer())).filter(
        (name) => !name.startsWith('_')
      );
    expect(members(own).sort()).toEqual(members(original).sort());
  });

  parity('listen() in all its forms', async (lib) => {
    const log = [];
    const forms = [
      [0],
      [0, '127.0.0.1'],
      [0, () => log.push('callback')],
      [0, '127.0.0.1', () => log.push('callback')],
      [0, undefined, () => log.push('callback')],
      [{ port: 0, host: '127.0.0.1' }, () => log.push('callback')]
    ];
    for (const form of forms) {
      const server = lib.createServer();
      server.on('listening', () => log.push(['listening', typeof server.socket.address().port]));
      server.on('close', () => log.push('close'));
      log.push(server.listen(...form) === server);
      await once(server, 'listening');
      const closed = once(server, 'close');
      log.push([server.close()]);
      await closed;
    }
    return log;
  });

  parity('close() waits for the connections', async (lib) => {
    const log = [];
    const { server, port } = await startServer(lib, () => {});
    server.on('close', () => log.push('close'));
    const client = new RawClient(port);
    await client.upgrade();
    const closed = new Promise((resolve) => server.close(() => resolve(log.push('callback'))));
    server.connections[0].on('close', () => log.push('connection closed'));
    server.connections[0].on('text', (text) => log.push(text));
    await client.send(frame('text', 'still served'));
    await settle(client);
    await client.end();
    await closed;
    return log;
  });

  parity('a port that is taken is an error', async (lib) => {
    const { server, port } = await startServer(lib, () => {});
    const second = lib.createServer().listen(port, '127.0.0.1');
    const [error] = await once(second, 'error');
    await stopServer(server);
    const { code, syscall } = describeError(error);
    return { code, syscall };
  });

  parity('createServer() in all its forms', async (lib) => {
    const log = [];
    const onConnection = function (connection) {
      log.push([this === server, server.listenerCount('connection'), connection.path]);
    };
    let server;
    for (const make of [
      () => lib.createServer(onConnection),
      () => lib.createServer({}, onConnection),
      () => lib.createServer({ secure: false }).on('connection', onConnection)
    ]) {
      server = make();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = new RawClient(server.socket.address().port);
      await client.upgrade();
      await settle(client);
      await client.end();
      await stopServer(server);
    }
    return log;
  });

  parity('over TLS', (lib) =>
    converse(lib, {
      options: { secure: true, ...certificate() },
      onConnection(connection, log) {
        log.push([connection.socket instanceof tls.TLSSocket, connection.socket.encrypted]);
        connection.on('text', (text) => connection.sendText(text.toUpperCase()));
        connection.on('binary', (stream) => stream.pipe(connection.beginBinary()));
      },
      async client(client) {
        await client.send(frame('text', 'x'.repeat(70000)), frame('binary', 'y'.repeat(70000)));
        await client.until((bytes) => parseFrames(bytes).frames.length === 2);
        await client.send(closeFrame(1000, 'bye'));
        await client.until((bytes) => parseFrames(bytes).frames.length === 3);
      }
    })
  );
});

// A server of TCP that answers a request with the lines that `answer` makes of the key, and keeps the
// bytes.
async function startRaw(answer, secure = false) {
  const server = secure ? tls.createServer(certificate()) : net.createServer();
  server.requests = [];
  server.received = Buffer.alloc(0);
  const onSocket = (socket) => {
    let head = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (head.includes('\r\n\r\n')) {
        server.received = Buffer.concat([server.received, chunk]);
      } else {
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        const end = head.indexOf('\r\n\r\n') + 4;
        server.received = Buffer.from(head.slice(end), 'latin1');
        server.requests.push(head.slice(0, end));
        const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(head);
        const text = answer(acceptValue(key), socket);
        if (text !== undefined) socket.write(text);
      }
      server.emit('bytes');
    });
    server.client = socket;
  };
  server.on(secure ? 'secureConnection' : 'connection', onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function acceptValue(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

const accepting =
  (...lines) =>
  (accept) =>
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      ...lines,
      '\r\n'
    ].join('\r\n');

// The frames of a client, without their masks.
function clientFrames(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 1] & 127;
    const size =
      length === 126
        ? bytes.readUInt16BE(at + 2)
        : length === 127
          ? bytes.readUInt32BE(at + 6)
          : length;
    const start = at + 2 + (length === 126 ? 2 : length === 127 ? 8 : 0);
    const mask = bytes.subarray(start, start + 4);
    const payload = bytes
      .subarray(start + 4, start + 4 + size)
      .map((byte, i) => byte ^ mask[i % 4]);
    if (payload.length < size) break;
    const text = Buffer.from(payload).toString('latin1');
    const isMasked = bytes[at + 1] >= 128;
    found.push([bytes[at], isMasked, size > 100 ? `${size} bytes` : text]);
    at = start + 4 + size;
  }
  return found;
}

const unmasked = (type, payload, options) => frame(type, payload, { ...options, masked: false });

// One client of the package and a raw server.
async function visit(lib, { answer = accepting(), secure, options, path = '/', act = () => {} }) {
  const log = [];
  const server = await startRaw(answer, secure);
  const { port } = server.address();
  const address = `${secure ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`;
  const connection = lib.connect(address, { ...options, rejectUnauthorized: false });
  record(connection, log);
  const closed = heard(connection, 'close');
  await act(connection, server, log);
  await closed;
  server.client?.destroy();
  await new Promise((resolve) => server.close(resolve));
  return {
    log,
    frames: clientFrames(server.received),
    requests: server.requests,
    connection,
    port
  };
}

describe('a client', () => {
  parity('its request', async (lib) => {
    const { requests, connection, port } = await visit(lib, {
      path: '/chat?room=a%20b',
      options: { extraHeaders: { 'X-Own': 'a value', Cookie: 'a=b' }, protocols: ['x', 'y'] },
      answer: accepting('Sec-WebSocket-Protocol: y', 'X-Answer: yes'),
      async act(connection) {
        await heard(connection, 'connect');
        connection.close();
      }
    });
    const [line, ...headers] = requests[0].trimEnd().split('\r\n');
    const fields = Object.fromEntries(
      headers
        .map((header) => header.split(': '))
        .map(([name, value]) => [name.toLowerCase(), value])
    );
    const key = fields['sec-websocket-key'];
    expect(Buffer.from(key, 'base64')).toHaveLength(16);
    expect(connection.key).toBe(key);
    delete fields['sec-websocket-key'];
    // RFC 6455 4.1 wants the port, which the original leaves out.
    fields.host = fields.host.replace(`:${port}`, '');
    fields['sec-websocket-protocol'] = fields['sec-websocket-protocol'].replace(/, /g, ',');
    const { path, host, extraHeaders, protocols, protocol, server, outStream } = connection;
    const answered = { ...connection.headers };
    delete answered['sec-websocket-accept'];
    return {
      line,
      fields,
      path,
      host,
      extraHeaders,
      protocols,
      protocol,
      server,
      outStream,
      answered
    };
  });

  parity('before it is connected', async (lib) => {
    const seen = [];
    await visit(lib, {
      async act(connection) {
        const { key, headers, readyState, protocol, protocols, extraHeaders, socket } = connection;
        seen.push(key, { ...headers }, readyState, protocol, protocols, extraHeaders);
        seen.push(socket instanceof net.Socket);
        seen.push(connection.sendText('early'), connection.beginBinary());
        connection.sendPing();
        await heard(connection, 'connect');
        seen.push(connection.socket === socket, connection.readyState);
        connection.close();
      }
    });
    return seen;
  });

  parity('messages, both ways', (lib) =>
    visit(lib, {
      async act(connection, server, log) {
        await heard(connection, 'connect');
        for (const size of [0, 1, 125, 126, 65535, 65536]) {
          connection.sendText('x'.repeat(size));
          connection.sendBinary(Buffer.alloc(size, 'y'));
        }
        connection.sendPing('ping');
        const sent = Buffer.from('unchanged');
        connection.send(sent);
        log.push(sent.toString());
        const stream = connection.beginBinary();
        stream.write('a stream');
        stream.end();
        while (!clientFrames(server.received).some(([, , text]) => text === 'a stream')) {
          await once(server, 'bytes');
        }
        server.client.write(
          Buffer.concat([
            unmasked('text', 'é'),
            unmasked('binary', 'y'.repeat(70000)),
            unmasked('ping', 'there?'),
            unmasked('pong', 'ping'),
            closeFrame(1000, 'bye', { masked: false })
          ])
        );
        while (!clientFrames(server.received).some(([first]) => first === 0x88)) {
          await once(server, 'bytes');
        }
      }
    }).then(({ log, frames }) => ({ log, frames }))
  );

  test.each([[], [1000], [1000, 'a reason'], [1005], [4000, 'é']])(
    'closes: %p %p',
    async (...args) => {
      const run = async (lib) => {
        const { log, frames } = await visit(lib, {
          async act(connection, server, log) {
            await heard(connection, 'connect');
            connection.close(...args);
            log.push(connection.readyState);
            while (server.received.length < 6) await once(server, 'bytes');
            server.client.write(closeFrame(1000, '', { masked: false }));
            await once(server.client, 'end');
          }
        });
        return { log, frames };
      };
      expect(await run(own)).toEqual(await run(original));
    }
  );

  const wrong = {
    404: () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nA: a\r\n\r\n',
    200: () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: a\r\n\r\n',
    'no HTTP': () => 'hello\r\nA: a\r\nB: b\r\nC: c\r\n\r\n',
    'no Upgrade': (accept) => accepting()(accept).replace('Upgrade: websocket', 'A: a'),
    'another Upgrade': (accept) =>
      accepting()(accept).replace('Upgrade: websocket', 'Upgrade: h2c'),
    'no Connection': (accept) => accepting()(accept).replace('Connection: Upgrade', 'A: a'),
    'another Connection': (accept) =>
      accepting()(accept).replace('Connection: Upgrade', 'Connection: close'),
    'no accept value': (accept) => accepting()(accept).replace('Sec-WebSocket-Accept', 'A'),
    'another accept value': () => accepting()('x'.repeat(28)),
    'an unasked protocol': accepting('Sec-WebSocket-Protocol: a')
  };
  test.each(Object.keys(wrong))('an answer that is wrong: %s', async (name) => {
    const run = async (lib) => (await visit(lib, { answer: wrong[name] })).log;
    const expected = await run(original);
    expect(await run(own)).toEqual(expected);
    expect(expected.map(([event]) => event)).toEqual(['error', 'close']);
  });

  test.each([
    [[], 'none'],
    [['Sec-WebSocket-Protocol: c'], 'another']
  ])('a protocol that was not offered: %p', async (lines) => {
    const run = async (lib) =>
      (await visit(lib, { answer: accepting(...lines), options: { protocols: ['a', 'b'] } })).log;
    expect(await run(own)).toEqual(await run(original));
  });

  parity('a port where nobody listens', async (lib) => {
    const server = await startRaw(accepting());
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const log = [];
    const connection = lib.connect(`ws://127.0.0.1:${port}`);
    connection.on('error', ({ code }) => log.push(code));
    connection.on('close', (...args) => log.push(args));
    await heard(connection, 'close');
    return log;
  });

  parity('closed while it connects', (lib) =>
    visit(lib, {
      answer: () => undefined,
      async act(connection, server, log) {
        await once(server, 'bytes');
        connection.close(4000, 'changed my mind');
        log.push(connection.readyState);
      }
    }).then(({ log }) => log)
  );

  parity('a server that goes', (lib) =>
    visit(lib, {
      async act(connection, server) {
        await heard(connection, 'connect');
        server.client.end();
      }
    }).then(({ log }) => log)
  );

  parity('over TLS', (lib) =>
    visit(lib, {
      secure: true,
      async act(connection, server, log) {
        await heard(connection, 'connect');
        log.push(connection.socket instanceof tls.TLSSocket);
        connection.sendText('x'.repeat(100000));
        while (clientFrames(server.received).length < 1) await once(server, 'bytes');
        server.client.write(closeFrame(1001, 'bye', { masked: false }));
      }
    }).then(({ log, frames }) => {
      // The server does not end properly, of which the original tells behind 'close'.
      const end = log.findIndex((entry) => entry[0] === 'close') + 1;
      return { log: log.slice(0, end), frames: frames.slice(0, 1) };
    })
  );

  parity('connect() in all its forms', async (lib) => {
    const { server, port } = await startServer(lib, () => {});
    const log = [];
    const url = `ws://localhost:${port}/`;
    for (const args of [[], [undefined], [{}], [{ family: 4 }]]) {
      await new Promise((resolve) => {
        const connection = lib.connect(url, ...args, function () {
          log.push([this === connection, connection.path, connection.host]);
          connection.close();
          connection.socket.on('close', resolve);
        });
      });
    }
    await stopServer(server);
    return log;
  });

  parity('addresses that are none', (lib) =>
    ['http://localhost', 'https://localhost', 'ftp://x', 'localhost:80'].map(
      (address) => attempt(() => lib.connect(address)).thrown
    )
  );
});

describe('the two together', () => {
  test.each([
    [original, own],
    [own, original]
  ])('one serves the other', async (server, client) => {
    const got = [];
    const { server: serving, port } = await startServer(server, (connection) => {
      connection.on('text', (text) => connection.sendText(text));
      connection.on('binary', (stream) => stream.pipe(connection.beginBinary()));
      connection.on('close', (...args) => got.push(['server', ...args]));
    });
    const connection = client.connect(`ws://127.0.0.1:${port}`);
    record(connection, got);
    await heard(connection, 'connect');
    for (const size of [0, 1, 126, 70000, 600000]) {
      connection.sendText('x'.repeat(size));
      await heard(connection, 'text');
      connection.sendBinary(Buffer.alloc(size, 'y'));
      await until(() => got.at(-1)[0] === 'end of binary');
    }
    connection.close(4000, 'done');
    await until(() => got.some(([who]) => who === 'server'));
    expect(got.filter(([event]) => event === 'text')).toHaveLength(5);
    expect(got.at(-1)).toEqual(['server', 4000, 'done']);
    await stopServer(serving);
  });
});
