'use strict';

// The client: its handshake with servers of every kind, and its errors in their order.

const { once } = require('events');
const http = require('http');
const https = require('https');
const net = require('net');
const os = require('os');
const path = require('path');

const ws = require('ws');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { attempt, certificate, parity, plain, record } = require('./parity');

expectNothingLeftOpen();

const base = {};

// An HTTP server that does as `handler` says, for requests and for upgrades.
async function withServer({ onRequest, onUpgrade, listen = [0, '127.0.0.1'] }, use) {
  const server = http.createServer(onRequest);
  if (onUpgrade) server.on('upgrade', onUpgrade);
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise((resolve) => server.listen(...listen, resolve));
  try {
    return await use(server.address().port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

// A ws server that echoes and writes down what requests it got.
async function withEcho(use, listen) {
  const requests = [];
  const echo = new ws.WebSocketServer({ noServer: true });
  echo.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return withServer(
    {
      listen,
      onUpgrade: (req, socket, head) => {
        const { 'sec-websocket-key': key, host, ...headers } = req.headers;
        requests.push([req.method, req.url, headers, key.length, /^[^:]+/.exec(host)[0]]);
        echo.handleUpgrade(req, socket, head, (peer) => echo.emit('connection', peer, req));
      }
    },
    async (port) => ({ result: await use(port), requests })
  );
}

function connect(lib, log, address, ...args) {
  const client = new lib.WebSocket(address, ...args);
  log.push(['state', client.readyState, client.url.replace(/:\d+/, ''), client.protocol]);
  record(client, log);
  client.on('open', () =>
    log.push(['open', client.readyState, client.protocol, client.extensions])
  );
  client.on('upgrade', (res) => log.push(['upgrade', res.statusCode]));
  return client;
}

async function untilClosed(client) {
  // Not once(): that rejects for 'error'.
  if (client.readyState !== client.CLOSED) await new Promise((done) => client.once('close', done));
}

describe('addresses and arguments that are refused', () => {
  const cases = [
    ['nonsense'],
    [''],
    ['ftp://localhost'],
    ['ws://localhost#fragment'],
    ['ws+unix:'],
    ['ws://localhost', 'a b'],
    ['ws://localhost', ['a', 'a']],
    ['ws://localhost', [5]],
    ['ws://localhost', { protocolVersion: 5 }],
    ['ws://localhost', undefined, { protocolVersion: '13' }],
    [undefined],
    [{}]
  ];
  for (const [i, args] of cases.entries()) {
    parity(`case ${i}`, async (lib) => attempt(() => new lib.WebSocket(...args)));
  }
});

describe('a successful handshake', () => {
  const visits = {
    'with no options': [],
    'with a subprotocol': ['chat'],
    'with subprotocols': [['a', 'b']],
    'with subprotocols as an option': [{ protocols: ['a', 'b'] }],
    'with a subprotocol in both places': ['x', { protocols: 'y' }],
    'with headers': [{ headers: { 'X-Mine': 'yes', Cookie: 'a=b' } }],
    'with an origin': [{ origin: 'http://example.com' }],
    'in version 8, with an origin': [{ origin: 'http://example.com', protocolVersion: 8 }],
    'with auth': [{ auth: 'user:pass' }],
    'with options that are overwritten': [{ method: 'POST', path: '/x', host: 'nowhere', port: 1 }]
  };
  for (const [title, args] of Object.entries(visits)) {
    parity(title, (lib) =>
      withEcho(async (port) => {
        const log = [];
        const all = [...args];
        const last = all.at(-1);
        if (typeof last === 'object' && !Array.isArray(last))
          all[all.length - 1] = { ...base, ...last };
        else all.push(...(all.length === 0 ? [undefined, base] : [base]));
        const client = connect(lib, log, `ws://127.0.0.1:${port}/path?query=1`, ...all);
        client.on('open', () => client.send('hello'));
        client.on('message', () => client.close(1000, 'done'));
        await untilClosed(client);
        return log;
      })
    );
  }

  parity('with user info, percent-encoded', (lib) =>
    withEcho(async (port) => {
      const log = [];
      const client = connect(lib, log, `ws://us%40er:p%3Ass@127.0.0.1:${port}/`, base);
      client.on('open', () => client.close());
      await untilClosed(client);
      return log;
    })
  );
  parity('with an http: URL object, which is not changed', (lib) =>
    withEcho(async (port) => {
      const log = [];
      const url = new URL(`http://127.0.0.1:${port}/`);
      const client = connect(lib, log, url, base);
      client.on('open', () => client.close());
      await untilClosed(client);
      return [log, url.protocol];
    })
  );
  parity('over a Unix socket', (lib) => {
    const file = path.join(os.tmpdir(), `wsuv-client-${process.pid}.sock`);
    return withEcho(async () => {
      const log = [];
      const client = connect(lib, log, `ws+unix:${file}:/path:with?colons=1:2`, base);
      client.on('open', () => client.close());
      await untilClosed(client);
      return log;
    }, [file]);
  });
  parity('with finishRequest', (lib) =>
    withEcho(async (port) => {
      const log = [];
      const client = connect(lib, log, `ws://127.0.0.1:${port}/`, {
        ...base,
        finishRequest: (req, socket) => {
          log.push(['finishRequest', req.method, socket.readyState]);
          req.setHeader('X-Late', 'set');
          req.end();
        }
      });
      client.on('open', () => client.close());
      await untilClosed(client);
      return log;
    })
  );
  parity('messages of all kinds, masked', (lib) =>
    withEcho(async (port) => {
      const log = [];
      const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
      await once(client, 'open');
      const messages = [
        '',
        'text',
        Buffer.alloc(0),
        Buffer.from('b'),
        'x'.repeat(70000),
        Buffer.alloc(70000, 1)
      ];
      for (const message of messages) {
        client.send(message);
        await once(client, 'message');
      }
      client.ping('p');
      await once(client, 'pong');
      client.close(4000, 'bye');
      await untilClosed(client);
      return log;
    })
  );
});

describe('an unsuccessful handshake', () => {
  const reply = (head) => (req, socket) => socket.end(head);
  const ok = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  const accept = (req) =>
    require('crypto')
      .createHash('sha1')
      .update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
  const answers = {
    'a wrong Upgrade header': reply(
      'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'
    ),
    'no Sec-WebSocket-Accept': reply(`${ok}\r\n`),
    'a wrong Sec-WebSocket-Accept': reply(`${ok}Sec-WebSocket-Accept: x\r\n\r\n`),
    'a subprotocol that nobody asked for': (req, socket) =>
      socket.end(`${ok}Sec-WebSocket-Accept: ${accept(req)}\r\nSec-WebSocket-Protocol: a\r\n\r\n`),
    'an extension that nobody asked for': (req, socket) =>
      socket.end(
        `${ok}Sec-WebSocket-Accept: ${accept(req)}\r\nSec-WebSocket-Extensions: a\r\n\r\n`
      ),
    'an end instead of an answer': (req, socket) => socket.end(),
    'a reset instead of an answer': (req, socket) => socket.resetAndDestroy(),
    'no HTTP': reply('nonsense\r\n\r\n'),
    'a 404': reply('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  };
  for (const [title, onUpgrade] of Object.entries(answers)) {
    parity(title, (lib) =>
      withServer({ onUpgrade }, async (port) => {
        const log = [];
        const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
        await untilClosed(client);
        return log.map(withoutStreams);
      })
    );
  }
  const wanting = {
    'no subprotocol where some were requested': (req, socket) =>
      socket.end(`${ok}Sec-WebSocket-Accept: ${accept(req)}\r\n\r\n`),
    'another subprotocol': (req, socket) =>
      socket.end(`${ok}Sec-WebSocket-Accept: ${accept(req)}\r\nSec-WebSocket-Protocol: b\r\n\r\n`)
  };
  for (const [title, onUpgrade] of Object.entries(wanting)) {
    parity(title, (lib) =>
      withServer({ onUpgrade }, async (port) => {
        const log = [];
        const client = connect(lib, log, `ws://127.0.0.1:${port}/`, 'a', base);
        await untilClosed(client);
        return log;
      })
    );
  }
  parity('a time-out', (lib) =>
    withServer({ onUpgrade: () => {} }, async (port) => {
      const log = [];
      const client = connect(lib, log, `ws://127.0.0.1:${port}/`, {
        ...base,
        handshakeTimeout: 50
      });
      await untilClosed(client);
      return log;
    })
  );
  parity('nobody there', async (lib) => {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const log = [];
    const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
    await untilClosed(client);
    return JSON.stringify(log).replaceAll(String(port), 'PORT');
  });
  parity("'unexpected-response'", (lib) =>
    withServer(
      { onUpgrade: reply('HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nwho') },
      async (port) => {
        const log = [];
        const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
        client.on('unexpected-response', (req, res) => {
          log.push(['unexpected-response', res.statusCode, client.readyState]);
          req.destroy();
          res.resume();
          client.emit('done');
        });
        await once(client, 'done');
        client.terminate();
        await untilClosed(client);
        return log;
      }
    )
  );
  for (const method of ['close', 'terminate']) {
    parity(`${method}() while connecting`, (lib) =>
      withServer({ onUpgrade: () => {} }, async (port) => {
        const log = [];
        const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
        for (const what of ['send', 'ping', 'pong']) {
          log.push(plain(attempt(() => client[what]('x')).thrown));
        }
        client.pause();
        client.resume();
        log.push(client.isPaused, client.bufferedAmount);
        client[method]();
        log.push(['returned', client.readyState]);
        await untilClosed(client);
        client.send('late', (error) => log.push(plain(error)));
        await new Promise(setImmediate);
        log.push(client.bufferedAmount);
        return log;
      })
    );
    parity(`${method}() in 'upgrade'`, (lib) =>
      withEcho(async (port) => {
        const log = [];
        const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
        client.on('upgrade', () => client[method]());
        await untilClosed(client);
        return log;
      })
    );
  }
});

// A parse error of Node's carries the packet, and where in it.
function withoutStreams(entry) {
  return JSON.parse(
    JSON.stringify(entry, (key, value) => (key === 'rawPacket' ? undefined : value))
  );
}

describe('redirects', () => {
  const redirecting =
    (location, status = 302) =>
    (req, socket) =>
      socket.end(
        `HTTP/1.1 ${status} Found\r\nLocation: ${location(req)}\r\nContent-Length: 0\r\n\r\n`
      );

  parity('are not followed by default', (lib) =>
    withServer({ onUpgrade: redirecting(() => '/elsewhere') }, async (port) => {
      const log = [];
      const client = connect(lib, log, `ws://127.0.0.1:${port}/`, base);
      await untilClosed(client);
      return log;
    })
  );
  // Follows a redirect to another port, with credentials in the URL and in `headers`.
  const following = (lib, headers, watch = () => {}) =>
    withEcho(async (echoPort) =>
      withServer(
        { onUpgrade: redirecting(() => `ws://127.0.0.1:${echoPort}/there`) },
        async (port) => {
          const log = [];
          const client = connect(lib, log, `ws://user:pass@127.0.0.1:${port}/`, {
            ...base,
            followRedirects: true,
            headers
          });
          watch(client, log);
          client.on('open', () => client.close());
          await untilClosed(client);
          return log;
        }
      )
    );

  parity('are followed', (lib) => following(lib, { Cookie: 'secret', 'X-Kept': 'yes' }));
  // Where another server's URL holds credentials, and the first request had headers of its own.
  for (const host of ['127.0.0.1', 'localhost']) {
    parity(`to another server, at ${host}: what that one gets to know`, async (lib) => {
      const seen = [];
      const other = http.createServer().on('upgrade', (req, socket) => {
        const { authorization, cookie, host: name, 'x-kept': kept } = req.headers;
        seen.push([authorization, cookie, name.replace(/:\d+$/, ''), kept]);
        socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
      });
      await new Promise((resolve) => other.listen(0, resolve));
      const target = `ws://other:secret@${host}:${other.address().port}/there`;
      const log = await withServer({ onUpgrade: redirecting(() => target) }, async (port) => {
        const events = [];
        const client = connect(lib, events, `ws://127.0.0.1:${port}/`, {
          ...base,
          followRedirects: true,
          headers: { Cookie: 'secret', Host: 'example.com', 'X-Kept': 'yes' }
        });
        await untilClosed(client);
        return events;
      });
      await new Promise((resolve) => other.close(resolve));
      return [seen, log];
    });
  }
  parity("with a 'redirect' listener, credentials are its business", (lib) =>
    following(lib, { Cookie: 'secret' }, (client, log) =>
      client.on('redirect', (url, req) => log.push(['redirect', url.replace(/:\d+/, ''), req.path]))
    )
  );
  parity('to a relative address', (lib) =>
    withEcho(async (echoPort) => {
      let first = true;
      const echo = new ws.WebSocketServer({ noServer: true });
      void echoPort;
      return withServer(
        {
          onUpgrade: (req, socket, head) => {
            if (first) {
              first = false;
              redirecting(() => '/relative?x', 307)(req, socket);
            } else {
              echo.handleUpgrade(req, socket, head, (peer) => peer.send(req.url));
            }
          }
        },
        async (port) => {
          const log = [];
          const client = connect(lib, log, `ws://127.0.0.1:${port}/a/b`, {
            ...base,
            followRedirects: true
          });
          client.on('message', () => client.close());
          await untilClosed(client);
          return [log, client.url.replace(/:\d+/, '')];
        }
      );
    })
  );
  for (const [title, location] of Object.entries({
    'without end': () => '/again',
    'to nonsense': () => 'http://',
    'to another scheme': () => 'ftp://localhost/',
    'to a fragment': () => '/a#b'
  })) {
    parity(title, (lib) =>
      withServer({ onUpgrade: redirecting(location) }, async (port) => {
        const log = [];
        const client = connect(lib, log, `ws://127.0.0.1:${port}/`, {
          ...base,
          followRedirects: true,
          maxRedirects: 2
        });
        await untilClosed(client);
        return log;
      })
    );
  }
});

describe('credentials on the way of redirects', () => {
  // Both TLS and plain text at one port, so that only the scheme changes.
  const withBoth = async (use) => {
    const requests = [];
    const echo = new ws.WebSocketServer({ noServer: true });
    const onUpgrade = (scheme) => (req, socket, head) => {
      const { authorization, cookie, host, 'x-kept': kept } = req.headers;
      requests.push([scheme, req.url, authorization, cookie, typeof host, kept]);
      const [, target] = /^\/to-(\w+)/.exec(req.url) ?? [];
      if (target === undefined) {
        echo.handleUpgrade(req, socket, head, (peer) => peer.close());
        return;
      }
      const { port } = both.address();
      socket.end(
        `HTTP/1.1 302 Found\r\nLocation: ${target}://127.0.0.1:${port}/there\r\n` +
          'Content-Length: 0\r\n\r\n'
      );
    };
    const plainServer = http.createServer().on('upgrade', onUpgrade('ws'));
    const secureServer = https.createServer(certificate()).on('upgrade', onUpgrade('wss'));
    const both = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('readable', () => {
        const first = socket.read();
        if (first === null) return;
        socket.unshift(first);
        // A TLS record of a handshake.
        (first[0] === 22 ? secureServer : plainServer).emit('connection', socket);
      });
    });
    await new Promise((resolve) => both.listen(0, '127.0.0.1', resolve));
    await use(both.address().port);
    await new Promise((resolve) => both.close(resolve));
    return requests;
  };
  for (const from of ['ws', 'wss']) {
    for (const to of ['ws', 'wss', 'http', 'https']) {
      for (const listens of [false, true]) {
        const title = `from ${from} to ${to}${listens ? ", with a 'redirect' listener" : ''}`;
        parity(title, async (lib) => {
          const log = [];
          const requests = await withBoth(async (port) => {
            const client = new lib.WebSocket(`${from}://user:pass@127.0.0.1:${port}/to-${to}`, {
              followRedirects: true,
              headers: { Cookie: 'secret', 'X-Kept': 'yes', Host: 'example.com' },
              rejectUnauthorized: false
            });
            client.on('error', (error) => log.push(plain(error)));
            if (listens) {
              client.on('redirect', (url, req) => log.push(req.getHeader('authorization')));
            }
            await untilClosed(client);
          });
          return [requests, log];
        });
      }
    }
  }

  for (const [redirects, maxRedirects] of [
    [2, 2],
    [3, 2],
    [1, 0],
    [10, undefined],
    [11, undefined]
  ]) {
    parity(`${redirects} of them, where maxRedirects is ${maxRedirects}`, async (lib) => {
      const echo = new ws.WebSocketServer({ noServer: true });
      const log = [];
      await withServer(
        {
          onUpgrade: (req, socket, head) => {
            const count = Number(req.url.slice(1));
            log.push(count);
            if (count === redirects) {
              echo.handleUpgrade(req, socket, head, (peer) => peer.close());
            } else {
              socket.end(
                `HTTP/1.1 301 Moved\r\nLocation: /${count + 1}\r\nContent-Length: 0\r\n\r\n`
              );
            }
          }
        },
        async (port) => {
          const client = new lib.WebSocket(`ws://127.0.0.1:${port}/0`, {
            followRedirects: true,
            ...(maxRedirects !== undefined && { maxRedirects })
          });
          client.on('error', (error) => log.push(plain(error)));
          client.on('open', () => log.push('open'));
          await untilClosed(client);
        }
      );
      return log;
    });
  }
});

describe('options of the socket', () => {
  parity('generateMask', (lib) =>
    withEcho(async (port) => {
      const log = [];
      let calls = 0;
      const client = connect(lib, log, `ws://127.0.0.1:${port}/`, {
        ...base,
        generateMask: (key) => {
          calls++;
          log.push(['mask', key.length]);
          key.fill(0);
        }
      });
      await once(client, 'open');
      client.send('masked with zeros');
      await once(client, 'message');
      client.send('not masked', { mask: true });
      await once(client, 'message');
      client.close();
      await untilClosed(client);
      return [log, calls];
    })
  );
});
