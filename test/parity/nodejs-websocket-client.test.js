'use strict';

// wsuv/nodejs-websocket beside nodejs-websocket: everything that a client can see.

const { once } = require('events');
const { mkdtempSync, rmSync } = require('fs');
const net = require('net');
const { tmpdir } = require('os');
const { dirname, join } = require('path');
const tls = require('tls');

const { closeFrame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const {
  accepting,
  clientFrames,
  heard,
  original,
  own,
  parity,
  startRaw,
  startServer,
  stopServer,
  unmasked,
  visit
} = require('./nodejs-websocket');
const { attempt, certificate, plain } = require('./parity');

expectNothingLeftOpen();

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
    'a redirect': () => 'HTTP/1.1 301 Moved\r\nLocation: ws://localhost/\r\n\r\n',
    'no headers': () => 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'no headers, and 404': () => 'HTTP/1.1 404 Not Found\r\n\r\n',
    'one header': () => 'HTTP/1.1 101 Switching Protocols\r\nA: a\r\n\r\n',
    'no Upgrade, and another accept value': () =>
      accepting()('x').replace('Upgrade: websocket', 'A: a'),
    'another accept value, and an unasked protocol': () =>
      accepting('Sec-WebSocket-Protocol: a')('x'.repeat(28)),
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

  test.each(Object.keys(wrong))('the same where protocols are offered: %s', async (name) => {
    const options = { protocols: ['b', 'c'] };
    const run = async (lib) => (await visit(lib, { answer: wrong[name], options })).log;
    const expected = await run(original);
    expect(await run(own)).toEqual(expected);
    expect(expected.map(([event]) => event)).toEqual(['error', 'close']);
  });

  const right = {
    'HTTP/1.0': (accept) => accepting()(accept).replace('HTTP/1.1', 'HTTP/1.0'),
    'no reason': (accept) => accepting()(accept).replace(' Switching Protocols', ''),
    'several tokens': (accept) =>
      accepting()(accept).replace('Connection: Upgrade', 'Connection: keep-alive, upgrade'),
    'other capitals': (accept) => accepting()(accept).replace('websocket', 'WebSocket')
  };
  test.each(Object.keys(right))('an answer that is right: %s', async (name) => {
    const run = async (lib) => {
      const act = async (connection) => {
        await Promise.race([heard(connection, 'connect'), heard(connection, 'close')]);
        connection.close();
      };
      return (await visit(lib, { answer: right[name], act })).log;
    };
    const expected = await run(original);
    expect(await run(own)).toEqual(expected);
    expect(expected.map(([event]) => event)).toEqual(['connect', 'close']);
  });

  const ends = {
    'an end instead of an answer': (accept, socket) => void socket.end(),
    'an end within the answer': (accept, socket) => void socket.end('HTTP/1.1 101 Switching'),
    'an end within the headers': (accept, socket) =>
      void socket.end(accepting()(accept).slice(0, 60)),
    'a reset instead of an answer': (accept, socket) => void socket.resetAndDestroy()
  };
  test.each(Object.keys(ends))('%s', async (name) => {
    const run = async (lib) => (await visit(lib, { answer: ends[name] })).log;
    expect(await run(own)).toEqual(await run(original));
  });

  test.each([undefined, new Error('of the program')])(
    'the program destroys the socket before it is connected: %p',
    async (error) => {
      const run = async (lib) =>
        (await visit(lib, { act: ({ socket }) => void socket.destroy(error) })).log;
      expect(await run(own)).toEqual(await run(original));
    }
  );

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

  parity('certificates, of both ends', async (lib) => {
    const { cert, key } = certificate();
    const seen = [];
    const { server, port } = await startServer(
      lib,
      ({ socket }) => seen.push(socket.authorized, 'subject' in socket.getPeerCertificate()),
      { secure: true, cert, key, requestCert: true, rejectUnauthorized: false }
    );
    for (const options of [
      {},
      { ca: cert, checkServerIdentity() {} },
      { rejectUnauthorized: false, cert, key }
    ]) {
      const client = lib.connect(`wss://localhost:${port}/`, options);
      client.on('error', ({ code }) => seen.push(['error', code]));
      client.on('connect', () => {
        seen.push(['connect', client.socket.authorized, client.socket.getProtocol()]);
        client.close();
      });
      await Promise.all([heard(client, 'close'), heard(client.socket, 'close')]);
    }
    await stopServer(server);
    return seen.map(plain);
  });

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

  test.each([null, undefined, '', false, 0, []])(
    'protocols that are none: %p',
    async (protocols) => {
      const run = async (lib) => {
        const { connection, log, requests } = await visit(lib, {
          options: { protocols },
          async act(connection) {
            await heard(connection, 'connect');
            connection.close();
          }
        });
        return [connection.protocols, log, /protocol/i.test(requests[0])];
      };
      expect(await run(own)).toEqual(await run(original));
    }
  );

  test.each([
    null,
    undefined,
    {},
    { Host: 'another' },
    { 'X-A': 5, 'X-B': '', 'User-Agent': 'x' },
    { Origin: 'http://localhost', Cookie: 'a=b; c=d' }
  ])('further headers: %p', async (extraHeaders) => {
    const run = async (lib) => {
      const { connection, requests } = await visit(lib, {
        options: { extraHeaders },
        async act(connection) {
          await heard(connection, 'connect');
          connection.close();
        }
      });
      const fields = requests[0]
        .split('\r\n')
        .filter((line) => !line.startsWith('Sec-WebSocket-Key'))
        .map((line) => line.replace(/^(Host: 127\.0\.0\.1):\d+$/, '$1'));
      return [connection.extraHeaders, fields.sort()];
    };
    expect(await run(own)).toEqual(await run(original));
  });

  const paths = ['', '/', '/a', '/a b', '/a%20b', '//a//b/', '/a?b=c&d', '?a', '/a#b', '/a?b#c'];
  test.each([...paths, '/%zz', '/a;b', '/~a*(b)!$@:,', '/a\\b'])('the path "%s"', async (path) => {
    const run = async (lib) => {
      const { connection, requests } = await visit(lib, {
        path,
        async act(connection) {
          await heard(connection, 'connect');
          connection.close();
        }
      });
      return [connection.path, requests[0].slice(0, requests[0].indexOf('\r\n'))];
    };
    expect(await run(own)).toEqual(await run(original));
  });

  parity('frames in the packet of the answer', (lib) =>
    visit(lib, {
      answer: (accept) =>
        Buffer.concat([
          Buffer.from(accepting()(accept)),
          unmasked('text', 'at once'),
          unmasked('ping', 'there?'),
          unmasked('binary', 'too'),
          closeFrame(4000, 'bye', { masked: false })
        ]),
      async act(connection, server) {
        while (clientFrames(server.received).length < 2) await once(server, 'bytes');
      }
    }).then(({ log, frames }) => ({ log, frames }))
  );

  parity('an answer that comes byte by byte', (lib) =>
    visit(lib, {
      answer(accept, socket) {
        const bytes = Buffer.concat([
          Buffer.from(accepting()(accept)),
          unmasked('text', 'in pieces'),
          closeFrame(4000, 'bye', { masked: false })
        ]);
        socket.setNoDelay(true);
        const next = (at) => {
          if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => next(at + 1));
        };
        next(0);
      }
    }).then(({ log }) => log)
  );

  parity('closed while it opens', (lib) =>
    visit(lib, {
      answer: (accept) =>
        Buffer.concat([Buffer.from(accepting()(accept)), unmasked('text', 'nobody hears')]),
      async act(connection, server) {
        connection.on('connect', () => connection.close(4000, 'at once'));
        while (clientFrames(server.received).length < 1) await once(server, 'bytes');
        server.client.end(closeFrame(4000, '', { masked: false }));
      }
    }).then(({ log, frames }) => ({ log, frames }))
  );

  parity('errors that nobody listens for are thrown before it is connected, too', async (lib) => {
    const thrown = [];
    await visit(lib, {
      async act(connection) {
        connection.removeAllListeners('error');
        for (const action of [
          () => connection.sendText('x'),
          () => connection.sendBinary(Buffer.from('x')),
          () => connection.send('x'),
          () => connection.beginBinary(),
          () => connection.sendPing()
        ]) {
          thrown.push(attempt(action).thrown.message.split('\n')[0]);
        }
        await heard(connection, 'connect');
        connection.close();
      }
    });
    return thrown;
  });

  parity('at a Unix socket', async (lib) => {
    const path = join(mkdtempSync(join(tmpdir(), 'wsuv-')), 'socket');
    const texts = [];
    const server = lib.createServer((connection) => {
      connection.on('text', (text) => connection.sendText(`${text} ${connection.path}`));
    });
    server.listen(path);
    await once(server, 'listening');
    const client = lib.connect('ws://anything/chat', { path });
    client.on('text', (text) => texts.push(text));
    await heard(client, 'connect');
    client.sendText('hello');
    await heard(client, 'text');
    client.close();
    await once(client.socket, 'close');
    await stopServer(server);
    rmSync(dirname(path), { recursive: true });
    return [texts, client.path, client.host];
  });

  parity('at an address of IPv6', async (lib) => {
    const server = lib.createServer((connection) => connection.sendText('hello')).listen(0, '::1');
    await once(server, 'listening');
    const client = lib.connect(`ws://[::1]:${server.socket.address().port}/`);
    const texts = await heard(client, 'text');
    client.close();
    await once(client.socket, 'close');
    await stopServer(server);
    return [texts, client.host, client.path];
  });

  parity('addresses that are none', (lib) =>
    ['http://localhost', 'https://localhost', 'ftp://x', 'localhost:80'].map(
      (address) => attempt(() => lib.connect(address)).thrown
    )
  );
});
