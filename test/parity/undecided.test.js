'use strict';

// While an upgrade is undecided, the socket that listeners and hooks get is a socket: what is written
// leaves, and what the peer does is seen.

const { once } = require('events');
const http = require('http');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { attempt, bye, endsWithCloseFrame, parity, plain, stop } = require('./parity');

expectNothingLeftOpen();

// One client on a server's own port, and on an HTTP server.
async function onBoth(lib, { options, listen, headers, line = {}, rest = [], client: act }) {
  const logs = [];
  for (const onHttp of [false, true]) {
    const log = [];
    const web = http.createServer();
    const where = onHttp ? { server: web } : { port: 0, host: '127.0.0.1' };
    const server = new lib.WebSocketServer({ ...where, ...options?.(log) });
    if (onHttp) web.listen(0, '127.0.0.1');
    listen?.(server, log);
    const over = [];
    server.on('connection', (peer) => {
      log.push('connection');
      over.push(new Promise((resolve) => peer.on('close', resolve)));
      peer.on('message', (data) => log.push(['message', data.toString()]));
      peer.on('close', (code) => log.push(['close', code]));
    });
    await once(server, 'listening');
    const client = new RawClient(server.address().port);
    const answered = client.upgrade(headers, line, ...rest);
    await act(client, log, answered);
    client.socket.end();
    await client.closed;
    await Promise.all(over);
    log.push(plain(client.received));
    await stop(server);
    await new Promise((resolve) => web.close(resolve));
    logs.push(log);
  }
  return logs;
}

const REFUSAL = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
const WRONG = { 'Sec-WebSocket-Key': 'wrong' };

const refusals = {
  'written, then destroyed': (socket) => {
    socket.write(REFUSAL);
    socket.destroy();
  },
  'written in two pieces, then destroyed': (socket) => {
    socket.write(REFUSAL.slice(0, 20));
    socket.write(REFUSAL.slice(20));
    socket.destroy();
  },
  'written, then ended': (socket) => {
    socket.write(REFUSAL);
    socket.end();
  },
  ended: (socket) => socket.end(REFUSAL),
  'ended, then destroyed when that is done': (socket) => {
    socket.once('finish', socket.destroy);
    socket.end(REFUSAL);
  },
  'written, and destroyed when it has left': (socket) => {
    socket.write(REFUSAL, () => socket.destroy());
  }
};

for (const [title, refuse] of Object.entries(refusals)) {
  parity(`a response is ${title}, by a listener for 'wsClientError'`, (lib) =>
    onBoth(lib, {
      headers: WRONG,
      listen: (server, log) =>
        server.on('wsClientError', (error, socket, req) => {
          log.push(plain(error), req.socket === socket, socket.writable);
          refuse(socket);
        }),
      client: async (client, log, answered) => {
        log.push(await answered);
        await client.closed;
      }
    })
  );

  parity(`a response is ${title}, by verifyClient`, (lib) =>
    onBoth(lib, {
      options: () => ({ verifyClient: ({ req }, done) => void [refuse(req.socket), done] }),
      client: async (client, log, answered) => {
        log.push(await answered);
        await client.closed;
      }
    })
  );
}

parity('what is written leaves at once', (lib) =>
  onBoth(lib, {
    options: (log) => ({
      verifyClient: ({ req }, done) => {
        req.socket.write('HTTP/1.1 102 Processing\r\n\r\n', (error) => log.push(plain(error)));
        onBoth.done = done;
      }
    }),
    client: async (client, log, answered) => {
      log.push(await answered);
      onBoth.done(true);
      log.push(await client.response());
      await client.send(bye);
      await client.until(endsWithCloseFrame);
    }
  })
);

// What the client has done is there when the server has heard of it.
const settle = async (socket, condition) => {
  while (!condition(socket)) await new Promise(setImmediate);
};

for (const [title, leave, condition] of [
  ['has ended', (client) => client.socket.end(), (socket) => !socket.readable],
  ['is gone', (client) => client.reset(), (socket) => socket.destroyed]
]) {
  parity(`a peer that ${title} while verifyClient thinks is no connection`, (lib) =>
    onBoth(lib, {
      options: (log) => ({
        verifyClient: ({ req }, done) => {
          const { socket } = req;
          socket.on('end', () => log.push('end'));
          socket.on('error', (error) => log.push(['error', error.code]));
          socket.on('close', (...args) => log.push(['close', ...args]));
          leave(onBoth.client);
          onBoth.settled = settle(socket, condition).then(() => {
            log.push([socket.readable, socket.writable, socket.destroyed]);
            done(true);
            return new Promise((resolve) => socket.on('close', resolve));
          });
        }
      }),
      client: async (client) => {
        onBoth.client = client;
        await client.closed;
        await onBoth.settled;
      }
    })
  );
}

parity('a peer that has ended while verifyClient thinks gets an answer', (lib) =>
  onBoth(lib, {
    options: (log) => ({
      verifyClient: ({ req }, done) => {
        onBoth.client.socket.end();
        settle(req.socket, (socket) => !socket.readable).then(() => {
          log.push(req.socket.writable);
          done(false, 403);
        });
      }
    }),
    client: async (client, log, answered) => {
      onBoth.client = client;
      log.push(await answered);
      await client.closed;
    }
  })
);

parity('bytes in front of the end are read first', (lib) =>
  onBoth(lib, {
    rest: [frame('text', 'early'), bye],
    options: (log) => ({
      verifyClient: ({ req }, done) => {
        onBoth.client.socket.end();
        setImmediate(() => {
          log.push(req.socket.readable);
          done(true);
        });
      }
    }),
    client: async (client, log, answered) => {
      onBoth.client = client;
      log.push(await answered);
      await client.closed;
    }
  })
);

parity('has the properties of a socket', (lib) =>
  onBoth(lib, {
    options: (log) => ({
      verifyClient: ({ req: { socket } }) => {
        log.push(
          [socket.readable, socket.writable, socket.destroyed, socket.readyState],
          [socket.readableFlowing, socket.isPaused(), socket.timeout, socket.allowHalfOpen],
          [socket.readableHighWaterMark, socket.writableHighWaterMark, socket.writableLength],
          socket.eventNames().map((name) => [name, socket.listenerCount(name)]),
          [socket.bytesRead, socket.bytesWritten, socket._handle.fd > 2, socket._handle.hasRef()]
        );
        return true;
      }
    }),
    client: async (client, log, answered) => {
      await answered;
      await client.send(bye);
      await client.until(endsWithCloseFrame);
    }
  })
);

describe("a listener for 'wsClientError' is told", () => {
  const key = { 'Sec-WebSocket-Key': undefined };
  const faults = {
    'of a method': [{}, { method: 'POST' }],
    'of a key that is missing': [key],
    'of a version': [{ 'Sec-WebSocket-Version': '12' }],
    'of another protocol': [{ Upgrade: 'h2c' }],
    'of subprotocols': [{ 'Sec-WebSocket-Protocol': 'a,,b' }],
    'of extensions': [{ 'Sec-WebSocket-Extensions': 'permessage-deflate;;' }]
  };
  for (const [title, [headers, line]] of Object.entries(faults)) {
    parity(title, (lib) =>
      onBoth(lib, {
        headers,
        line,
        options: () => ({ perMessageDeflate: true }),
        listen: (server, log) =>
          server.on('wsClientError', (error, socket, req) => {
            log.push(plain(error), req.method, req.url, req.socket === socket);
            socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
          }),
        client: async (client, log, answered) => {
          log.push((await answered).split('\r\n', 1)[0]);
          await client.closed;
        }
      })
    );
  }
});

// Nobody has the socket before: it is one all the same when a hook asks for it.
describe('the socket that is first asked for', () => {
  const offers = { 'Sec-WebSocket-Protocol': 'a, b' };
  const look = (log, { socket, client, connection }) => {
    const names = socket.eventNames().map((name) => [name, socket.listenerCount(name)]);
    log.push(socket === client, socket === connection, socket.writable, names);
  };
  const hooks = {
    'by verifyClient': (server, log) => {
      server.options.verifyClient = ({ req }) => look(log, req) ?? true;
    },
    'by verifyClient that refuses': (server, log) => {
      server.options.verifyClient = ({ req }) => look(log, req) ?? false;
    },
    'by verifyClient that calls back': (server, log) => {
      server.options.verifyClient = ({ req }, decide) => {
        look(log, req);
        decide(true);
      };
    },
    'after verifyClient has called back': (server, log) => {
      server.options.verifyClient = ({ req }, decide) => {
        decide(true);
        look(log, req);
      };
    },
    'after verifyClient has refused': (server, log) => {
      server.options.verifyClient = ({ req }, decide) => {
        decide(false, 403, 'no');
        log.push(req.socket.destroyed, req.socket.writableEnded);
      };
    },
    'by handleProtocols': (server, log) => {
      server.options.handleProtocols = (protocols, req) => look(log, req) ?? 'b';
    },
    "by a listener for 'headers'": (server, log) => {
      server.on('headers', (headers, req) => {
        headers.push('X-Port: yes');
        look(log, req);
      });
    },
    'by shouldHandle()': (server, log) => {
      server.shouldHandle = (req) => look(log, req) ?? true;
    },
    'by a listener for wsClientError': (server, log) => {
      server.on('wsClientError', (error, socket, req) => {
        log.push(plain(error), socket === req.socket);
        look(log, req);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
    },
    'by nobody': (server, log) => {
      server.on('headers', (headers, req) => log.push([...headers], req.url));
      server.options.verifyClient = ({ req }) => Boolean((req.user = 'u'));
    },
    'when verifyClient has closed the server': (server) => {
      server.options.verifyClient = () => Boolean(server.close());
    },
    'when verifyClient has destroyed it': (server) => {
      server.options.verifyClient = ({ req }) => Boolean(req.socket.destroy());
    }
  };
  for (const [title, listen] of Object.entries(hooks)) {
    const headers = title.includes('wsClientError') ? { 'Sec-WebSocket-Protocol': ',' } : offers;
    parity(title, (lib) =>
      onBoth(lib, {
        headers,
        listen,
        client: async (client, log, answered) => {
          const response = await answered;
          log.push(response);
          if (!response.startsWith('HTTP/1.1 101')) {
            await client.closed;
            return;
          }
          await client.send(bye);
          await client.until(endsWithCloseFrame);
        }
      })
    );
  }
});

describe('verifyClient answers', () => {
  const twice = {
    'yes, and yes again': [[true], [true]],
    'yes, and then no': [[true], [false, 403]],
    'no, and then yes': [[false, 403], [true]],
    'no, and no again': [
      [false, 403],
      [false, 404]
    ]
  };
  for (const [title, answers] of Object.entries(twice)) {
    parity(title, (lib) =>
      onBoth(lib, {
        options: (log) => ({
          verifyClient: (info, decide) => {
            for (const answer of answers) log.push(attempt(() => void decide(...answer)));
          }
        }),
        client: async (client, log, answered) => {
          log.push(await answered);
          if (answers[0][0] && answers[1][0]) await client.send(bye);
          await client.until((bytes) => endsWithCloseFrame(bytes) || client.isClosed);
        }
      })
    );
  }
});
