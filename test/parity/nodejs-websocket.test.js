'use strict';

// wsuv/nodejs-websocket beside nodejs-websocket: one program for both, and everything that it can see
// of a server.

const { once } = require('events');
const net = require('net');
const tls = require('tls');

const { closeFrame, frame, parseFrames } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient, upgradeRequest } = require('../helpers/raw-client');
const {
  converse,
  heard,
  original,
  own,
  parity,
  plainFrames,
  record,
  settle,
  startServer,
  stopServer,
  until
} = require('./nodejs-websocket');
const { attempt, certificate, describeError, plain } = require('./parity');

expectNothingLeftOpen();

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

  parity('each write is a fragment where the size is 0', (lib) => {
    lib.setBinaryFragmentation(0);
    return converse(lib, {
      onConnection(connection) {
        const stream = connection.beginBinary();
        for (const chunk of ['a', '', 'b']) stream.write(chunk);
        stream.on('finish', () => connection.sendText('done')).end('c');
      },
      client: (client) => client.until((bytes) => bytes.includes('done'))
    });
  });

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

  parity('reasons of any type', async (lib) => {
    const all = [];
    for (const reason of [null, undefined, 5, true, {}, ['a', 'b'], Buffer.from('bytes')]) {
      all.push(
        await converse(lib, {
          onConnection: (connection) => connection.close(4000, reason),
          async client(client) {
            await client.until((bytes) => parseFrames(bytes).frames.length === 1);
            await client.send(closeFrame(1000));
          }
        })
      );
    }
    return all;
  });

  parity('in a handler, in front of more in the same packet', (lib) =>
    converse(lib, {
      onConnection(connection) {
        connection.on('text', () => connection.close(4000, 'enough'));
      },
      async client(client, server, log) {
        await client.send(
          frame('text', 'a'),
          frame('text', 'b'),
          frame('binary', 'c'),
          frame('ping', 'd'),
          frame('text', 'e', { fin: false }),
          frame('continuation', 'f'),
          frame('pong', 'g')
        );
        await until(() => log.length === 3);
        await client.send(frame('ping', 'not answered'), closeFrame(4000));
      }
    })
  );

  parity('a binary message is under way', (lib) =>
    converse(lib, {
      onConnection(connection, log) {
        const stream = connection.beginBinary();
        stream.write('never sent');
        log.push(connection.close(4000, 'enough'), connection.outStream === stream);
        log.push(connection.sendText('a'), connection.beginBinary());
      },
      async client(client) {
        await client.until((bytes) => bytes.includes('enough'));
        await client.send(closeFrame(4000));
      }
    })
  );

  test.each(['end', 'destroy'])('the program calls %s() of the socket', async (method) => {
    const run = (lib) =>
      converse(lib, {
        onConnection(connection, log) {
          log.push(typeof connection.socket[method]());
        },
        client: (client, server, log) => until(() => log.length === 2)
      });
    expect(await run(own)).toEqual(await run(original));
  });

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
    'version 8': upgradeRequest({ 'Sec-WebSocket-Version': '8' }),
    'version 12': upgradeRequest({ 'Sec-WebSocket-Version': '12' }),
    'no Upgrade': upgradeRequest({ Upgrade: undefined, A: 'a' }),
    'another Upgrade': upgradeRequest({ Upgrade: 'h2c' }),
    'no Connection': upgradeRequest({ Connection: undefined, A: 'a' }),
    'another Connection': upgradeRequest({ Connection: 'keep-alive' }),
    'no version of HTTP': upgradeRequest({}, { version: 'x' }),
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
      // These have headers and a body more.
      const isBare = !['no Host', 'version 8'].includes(name);
      return { answer: isBare ? answer : answer.slice(0, answer.indexOf('\r\n')), seen };
    };
    expect(await run(own)).toEqual(await run(original));
  });

  test.each([
    { Connection: 'keep-alive, Upgrade' },
    { Connection: 'x,upgrade' },
    { Upgrade: 'WebSocket' },
    { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    { 'Sec-WebSocket-Protocol': 'a, b' }
  ])('%p is accepted', async (headers) => {
    const run = async (lib) => (await converse(lib, { headers, client: settle })).head;
    expect(await run(own)).toEqual(await run(original));
  });

  const lines = [{ version: '1.0' }, { path: 'http://localhost/chat?a=b' }, { path: '*' }];
  test.each(lines)('the request line %p', async (line) => {
    const run = async (lib) => {
      const seen = [];
      const onConnection = ({ path, protocols, protocol }) => seen.push(path, protocols, protocol);
      const { head } = await converse(lib, { line, onConnection, client: settle });
      return { head, seen };
    };
    expect(await run(own)).toEqual(await run(original));
  });

  parity('protocols are offered, and the server knows of none', async (lib) => {
    const seen = [];
    const { head } = await converse(lib, {
      headers: { 'Sec-WebSocket-Protocol': 'a, b' },
      onConnection: ({ protocols, protocol }) => seen.push(protocols, protocol),
      client: settle
    });
    return { head, seen };
  });

  parity('what selectProtocol can do with the connection', async (lib) => {
    const seen = [];
    const { head } = await converse(lib, {
      headers: { 'Sec-WebSocket-Protocol': 'a, b' },
      options: {
        selectProtocol(connection, protocols) {
          seen.push(this === connection.server, this.connections.length, protocols);
          // Errors of before it is open are nobody's.
          seen.push(connection.sendText('x'), connection.sendBinary(Buffer.from('x')));
          seen.push(connection.send('x'), connection.beginBinary(), connection.sendPing());
          seen.push(connection.socket.remoteAddress, connection.listenerCount('error'));
          connection.tag = connection.socket;
          return 'b';
        }
      },
      onConnection(connection) {
        // record() listens.
        seen.push(connection.listenerCount('error'), connection.tag === connection.socket);
      },
      client: settle
    });
    return { head, seen };
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

  parity('close() of a server that is closed, or was never open', async (lib) => {
    const log = [];
    for (const listens of [true, false]) {
      const server = lib.createServer();
      server.on('close', () => log.push('close'));
      if (listens) await once(server.listen(0, '127.0.0.1'), 'listening');
      for (let i = 0; i < 2; i++) {
        await new Promise((resolve) => log.push([server.close(resolve)]));
      }
    }
    return log;
  });

  parity('arguments that are none', (lib) => {
    const codeOf = (action) => {
      const { returned, thrown } = attempt(action);
      return thrown === undefined ? returned : [thrown.name, thrown.code];
    };
    return [
      ...['x', 5, true].map((options) => codeOf(() => lib.createServer(options))),
      ...[5, 'x', {}].map((callback) => codeOf(() => lib.createServer({}, callback))),
      ...[null, undefined, 0].map((callback) => codeOf(() => lib.createServer({}, callback))),
      // The second one is nobody's.
      codeOf(() => lib.createServer(() => {}, 5)),
      ...[[-1], [65536], [{}], [0, '127.0.0.1', 5], [0, '127.0.0.1', {}]].map((args) =>
        codeOf(() => lib.createServer().listen(...args))
      )
    ];
  });

  parity('listen() of one that listens', async (lib) => {
    const { server } = await startServer(lib, () => {});
    const { code } = attempt(() => server.listen(0)).thrown;
    await stopServer(server);
    return { code };
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
