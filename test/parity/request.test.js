'use strict';

// The request that goes with 'connection': whatever a program does with it first.

const { once } = require('events');
const http = require('http');
const { finished } = require('stream');
const { promisify, inspect } = require('util');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { parity, start, startOnHttp, stop } = require('./parity');

expectNothingLeftOpen();

// What `look` finds, where nobody has looked at the request before.
async function request(lib, look, options, onHttp = false) {
  const { server, port } = await (onHttp ? startOnHttp(lib, options) : start(lib, options));
  const found = new Promise((resolve, reject) => {
    server.on('connection', (ws, req) => {
      try {
        resolve(look(req, ws));
      } catch (error) {
        reject(error);
      }
    });
  });
  const client = new RawClient(port);
  try {
    await client.upgrade(
      { Cookie: 'a=b', 'X-Twice': ['1', '2'].join('\r\nX-Twice: ') },
      { path: '/p?q' }
    );
    return await found;
  } finally {
    await stop(server);
    client.socket.destroy();
    await client.closed;
  }
}

// What of an inspection is another one's each time.
const withoutAddresses = (text) =>
  text.replace(/'127\.0\.0\.1:\d+'/g, 'HOST').replace(/(asyncId|async_id_symbol).*/g, '');

const looks = {
  'Object.keys()': (req) => Object.keys(req),
  'Reflect.ownKeys()': (req) => Reflect.ownKeys(req).map(String),
  'for in': (req) => {
    const keys = [];
    for (const key in req) keys.push(key);
    return keys;
  },
  'a spread': (req) => {
    const copy = { ...req };
    const { url, method, httpVersion, rawHeaders, socket } = copy;
    return [Object.keys(copy), url, method, httpVersion, rawHeaders.length, socket === req.socket];
  },
  'Object.entries()': (req) => Object.entries(req).map(([key, value]) => [key, typeof value]),
  'Object.assign()': (req) => Object.assign({}, req).url,
  'util.inspect()': (req) => withoutAddresses(inspect(req, { depth: 0 })),
  'util.inspect() of what has it': (req) => withoutAddresses(inspect({ req }, { depth: 1 })),
  'its class': (req) => [
    req.constructor === http.IncomingMessage,
    Object.getPrototypeOf(req) === http.IncomingMessage.prototype,
    req instanceof http.IncomingMessage,
    Object.prototype.toString.call(req),
    String(req)
  ],
  'JSON.stringify()': (req) => Object.keys(JSON.parse(JSON.stringify(req))),
  in: (req) => ['url' in req, 'nothing' in req, 'on' in req, 'headers' in req],
  'Object.hasOwn()': (req) => ['url', 'headers', 'on', 'x'].map((key) => Object.hasOwn(req, key)),
  'a descriptor': (req) => Object.getOwnPropertyDescriptor(req, 'url'),
  'headers of all kinds': (req) => [
    req.headers,
    req.headersDistinct,
    req.rawHeaders,
    req.trailers,
    req.rawTrailers
  ],
  'what it says of itself': (req) => [
    req.complete,
    req.aborted,
    req.readable,
    req.readableEnded,
    req.readableFlowing,
    req.destroyed,
    req.upgrade,
    req.httpVersionMajor,
    req.httpVersionMinor,
    req.statusCode,
    req.statusMessage
  ],
  'its socket': (req, ws) => [
    req.socket === ws._socket,
    req.connection === ws._socket,
    req.client === ws._socket
  ],
  'a property of its own': (req) => {
    req.user = 'u';
    const keys = Object.keys(req).includes('user');
    delete req.user;
    return [keys, 'user' in req, req.user];
  },
  'another URL': (req) => {
    req.url = '/other';
    req.originalUrl = '/p';
    return [req.url, Object.keys(req).includes('originalUrl')];
  },
  'a defined property': (req) => {
    Object.defineProperty(req, 'ip', { get: () => 'here', enumerable: true });
    return [req.ip, { ...req }.ip];
  },
  'another prototype': (req) => {
    const proto = Object.create(http.IncomingMessage.prototype, { mine: { get: () => 'mine' } });
    Object.setPrototypeOf(req, proto);
    return [req.mine, req.url, Object.getPrototypeOf(req) === proto];
  },
  'an object that inherits from it': (req) => {
    const mine = Object.create(req);
    mine.url = '/mine';
    return [mine.url, req.url, mine.method, Object.keys(mine)];
  },
  frozen: (req) => {
    Object.freeze(req);
    return [
      Object.isFrozen(req),
      req.url,
      Object.getPrototypeOf(req) === http.IncomingMessage.prototype
    ];
  },
  'a key of a WeakMap': (req) => {
    const map = new WeakMap([[req, 'value']]);
    return [map.get(req), req.url, map.get(req), new Set([req, req]).size];
  },
  'for await': async (req) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    return [chunks, req.readableEnded, req.destroyed];
  },
  "'data' and 'end'": (req) =>
    new Promise((resolve) => {
      const log = [];
      for (const event of ['data', 'end', 'close']) {
        req.on(event, function (...args) {
          log.push([event, args, this === req]);
          if (event === 'close') resolve(log);
        });
      }
    }),
  "'readable'": (req) =>
    new Promise((resolve) => {
      req.on('readable', function () {
        resolve([this === req, req.read()]);
      });
    }),
  'stream.finished()': (req) => {
    const done = promisify(finished)(req);
    req.resume();
    return done;
  },
  'setEncoding() and a body parser': async (req) => {
    req.setEncoding('utf8');
    let text = '';
    for await (const chunk of req) text += chunk;
    return text;
  },
  'destroy()': (req, ws) => {
    const closed = once(req, 'close');
    const returned = req.destroy() === req;
    // Which ends the socket, too.
    return Promise.all([closed, once(ws, 'close')]).then(([, [code]]) => [returned, code]);
  },
  'setTimeout()': (req) => [req.setTimeout(1000) === req, req.socket.timeout]
};

describe('on a port', () => {
  for (const [title, look] of Object.entries(looks)) {
    parity(title, (lib) => request(lib, look));
  }
});

describe('on an HTTP server', () => {
  for (const [title, look] of Object.entries(looks)) {
    // There, `socket` is a getter, which notes that somebody has asked (docs/compatibility.md).
    if (title === 'Reflect.ownKeys()') continue;
    parity(title, async (lib) => {
      const found = await request(lib, look, {}, true);
      return title.includes('inspect') ? found.replaceAll('[Getter/Setter]', '[Socket]') : found;
    });
  }
});

parity('the request of verifyClient is that of the connection', async (lib) => {
  let seen;
  const options = {
    verifyClient: ({ req }) => {
      seen = req;
      req.user = 'u';
      return true;
    }
  };
  return request(lib, (req) => [req === seen, req.user, Object.keys(req)], options);
});
