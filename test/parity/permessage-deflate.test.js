'use strict';

// permessage-deflate: negotiation, what is compressed, what is inflated, and what goes wrong.

const { once } = require('events');
const zlib = require('zlib');

const ws = require('ws');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const {
  attempt,
  bye,
  converse,
  describeError,
  endsWithCloseFrame,
  onEach,
  parity,
  plain,
  record,
  start,
  stop
} = require('./parity');

expectNothingLeftOpen();

const NAME = 'permessage-deflate';
const OFFER = { 'Sec-WebSocket-Extensions': NAME };

describe('the class', () => {
  const offers = [
    NAME,
    `${NAME}; client_max_window_bits`,
    `${NAME}; client_max_window_bits=10`,
    `${NAME}; client_max_window_bits=7`,
    `${NAME}; client_max_window_bits=16`,
    `${NAME}; client_max_window_bits=ten`,
    `${NAME}; client_max_window_bits=10.5`,
    `${NAME}; server_max_window_bits`,
    `${NAME}; server_max_window_bits=8`,
    `${NAME}; server_max_window_bits=12`,
    `${NAME}; server_max_window_bits=0`,
    `${NAME}; server_max_window_bits=12; server_max_window_bits=13`,
    `${NAME}; server_no_context_takeover`,
    `${NAME}; server_no_context_takeover=1`,
    `${NAME}; client_no_context_takeover`,
    `${NAME}; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=15`,
    `${NAME}; unknown`,
    `${NAME}; server_max_window_bits=9, ${NAME}; client_max_window_bits=12, ${NAME}`,
    `${NAME}; server_no_context_takeover, ${NAME}; unknown=1`
  ];
  const choices = [
    undefined,
    {},
    { serverNoContextTakeover: true },
    { serverNoContextTakeover: false },
    { clientNoContextTakeover: true },
    { clientNoContextTakeover: false },
    { serverMaxWindowBits: 10 },
    { serverMaxWindowBits: 15 },
    { serverMaxWindowBits: false },
    { serverMaxWindowBits: true },
    { clientMaxWindowBits: 10 },
    { clientMaxWindowBits: 15 },
    { clientMaxWindowBits: false },
    { clientMaxWindowBits: true },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 11, clientNoContextTakeover: true }
  ];

  for (const isServer of [true, false]) {
    const side = isServer ? 'a server takes offers' : 'a client offers and takes answers';

    parity(side, async (lib) =>
      choices.map((options) => [
        plain(attempt(() => JSON.stringify(new lib.PerMessageDeflate(options).offer()))),
        offers.map((offer) => {
          const extension = new lib.PerMessageDeflate(options && { ...options, isServer });
          const parsed = lib.extension.parse(offer)[NAME];
          return [
            plain(attempt(() => JSON.stringify(extension.accept(parsed)))),
            JSON.stringify(extension.params)
          ];
        })
      ])
    );
  }

  parity('has a name, and fields', async (lib) => {
    const extension = new lib.PerMessageDeflate({ isServer: 1, maxPayload: 5.5, threshold: 3 });
    const { _isServer, _maxPayload, _threshold, params } = extension;
    return [
      lib.PerMessageDeflate.extensionName,
      lib.PerMessageDeflate.length,
      [_isServer, _maxPayload, _threshold, params],
      new lib.PerMessageDeflate()._threshold
    ];
  });

  const step = (extension, method, data, fin) =>
    new Promise((resolve) => {
      extension[method](data, fin, (error, result) =>
        resolve(error ? describeError(error) : result.toString('hex'))
      );
    });

  for (const params of [{}, { server_no_context_takeover: [true] }]) {
    parity(
      `compresses and inflates fragments and messages: ${JSON.stringify(params)}`,
      async (lib) => {
        const sender = new lib.PerMessageDeflate({ isServer: true });
        const receiver = new lib.PerMessageDeflate();
        sender.accept([{ ...params }]);
        receiver.accept([{ ...params }]);
        const log = [];
        for (const [data, fin] of [
          ['first', true],
          ['first', true],
          ['frag', false],
          ['ments', true],
          [Buffer.alloc(40000, 'abc'), true]
        ]) {
          const packed = await step(sender, 'compress', data, fin);
          log.push(packed, await step(receiver, 'decompress', Buffer.from(packed, 'hex'), fin));
        }
        sender.cleanup();
        receiver.cleanup();
        return log;
      }
    );
  }

  parity('says what is wrong with data', async (lib) => {
    const log = [];
    for (const hex of ['ffffff', '06', 'cb48cdc9c9070', '0300', '']) {
      const extension = new lib.PerMessageDeflate({ isServer: true });
      extension.accept([{}]);
      log.push(await step(extension, 'decompress', Buffer.from(hex, 'hex'), true));
      extension.cleanup();
    }
    return log;
  });

  parity('stops at maxPayload', async (lib) => {
    const extension = new lib.PerMessageDeflate({ isServer: true, maxPayload: 1000 });
    extension.accept([{}]);
    const packed = zlib.deflateRawSync(Buffer.alloc(100000));
    const log = [await step(extension, 'decompress', packed, true)];
    extension.cleanup();
    return log;
  });

  parity('tells who compresses that it was cleaned up', async (lib) => {
    const extension = new lib.PerMessageDeflate();
    extension.accept([{}]);
    const outcome = step(extension, 'compress', 'text', true);
    extension.cleanup();
    return outcome;
  });
});

describe('a server', () => {
  // The response to an upgrade request with these extensions.
  const answer = async (lib, options, extensions, prepare) => {
    const { server, port } = await start(lib, options);
    const log = [];
    server.on('connection', (socket) => log.push(socket.extensions));
    if (prepare) prepare(server, log);
    const client = new RawClient(port);
    const head = await client.upgrade({ 'Sec-WebSocket-Extensions': extensions });
    client.socket.end();
    await client.closed;
    await stop(server);
    return [head, log, client.received.toString()];
  };

  const requests = {
    'no option': [undefined, NAME],
    'switched off': [false, NAME],
    'switched on': [true, NAME],
    'an offer of windows': [true, `${NAME}; client_max_window_bits; server_max_window_bits=10`],
    'several offers': [
      { serverMaxWindowBits: 12 },
      `${NAME}; server_max_window_bits=9, ${NAME}; client_max_window_bits`
    ],
    'another extension': [true, 'x-webkit-deflate-frame'],
    'another extension first': [true, `mux; max-channels=4, ${NAME}`],
    'an invalid parameter': [true, `${NAME}; server_max_window_bits=99`],
    'an unknown parameter': [true, `${NAME}; level=9`],
    'an unacceptable offer': [{ clientMaxWindowBits: 10 }, NAME],
    'a malformed header': [true, `${NAME};;`],
    'all options': [
      {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 10,
        clientMaxWindowBits: 11
      },
      `${NAME}; client_max_window_bits`
    ]
  };
  for (const [title, [perMessageDeflate, offer]] of Object.entries(requests)) {
    parity(title, (lib) => answer(lib, { perMessageDeflate }, offer));
  }

  parity('gives refusals to wsClientError', (lib) =>
    answer(lib, { perMessageDeflate: true }, `${NAME}; level=9`, (server, log) =>
      server.on('wsClientError', (error, socket) => {
        log.push(describeError(error));
        socket.end('no');
      })
    )
  );
});

// What a client sends, compressed by zlib without the code under test.
class Packer {
  #stream = zlib.createDeflateRaw();

  async pack(data) {
    const chunks = [];
    const collect = (chunk) => chunks.push(chunk);
    this.#stream.on('data', collect);
    this.#stream.write(data);
    await new Promise((resolve) => this.#stream.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
    this.#stream.removeListener('data', collect);
    return Buffer.concat(chunks).subarray(0, -4);
  }
}

const pack = (data) => new Packer().pack(data);
const packed = (type, payload, options) => frame(type, payload, { rsv: 4, ...options });

// Both transports: the native listener, and a stream of an HTTP server.
const receiving = (frames, { options, onConnection } = {}) => {
  const run = async (lib, onHttp) =>
    converse(lib, {
      onHttp,
      options: { perMessageDeflate: true, ...options },
      headers: OFFER,
      onConnection,
      send: [...(await frames()), bye]
    });
  return (lib) => onEach((onHttp) => run(lib, onHttp));
};

describe('receiving', () => {
  const big = Buffer.alloc(2_000_000, 'the quick brown fox ');
  const cases = {
    'a text': async () => [packed('text', await pack('hello hello hello'))],
    'a binary message': async () => [packed('binary', await pack(Buffer.from([1, 2, 3])))],
    'an empty message': async () => [packed('text', Buffer.from([0]))],
    'an uncompressed message between': async () => {
      const packer = new Packer();
      return [
        packed('text', await packer.pack('one one one')),
        frame('text', 'two'),
        packed('text', await packer.pack('one one one'))
      ];
    },
    'a message in two fragments, with a ping between': async () => {
      const data = await pack('fragments, fragments, fragments');
      return [
        packed('text', data.subarray(0, 9), { fin: false }),
        frame('ping', 'p'),
        frame('continuation', data.subarray(9))
      ];
    },
    'a message whose last fragment is empty': async () => [
      packed('text', await pack('text'), { fin: false }),
      frame('continuation', '')
    ],
    'a large message, and one behind it': async () => [
      packed('binary', await pack(big)),
      frame('text', 'behind'),
      frame('ping', 'p')
    ],
    'a large text': async () => [
      packed('text', await pack('é'.repeat(400_000))),
      frame('text', 'behind')
    ],
    'a stream that ends with the message': async () => [
      packed('text', zlib.deflateRawSync('final')),
      packed('text', await pack('next'))
    ],
    'RSV1 on a continuation': async () => {
      const data = await pack('text text text');
      return [
        packed('text', data.subarray(0, 4), { fin: false }),
        packed('continuation', data.subarray(4))
      ];
    },
    'RSV1 on a ping': async () => [packed('ping', 'p')],
    'RSV1 on a close frame': async () => [packed('close', Buffer.from([3, 232]))],
    'RSV1 and RSV2': async () => [frame('text', 'x', { rsv: 6 })],
    garbage: async () => [packed('text', 'garbage')],
    'garbage behind a message': async () => [
      packed('text', await pack('good')),
      packed('text', Buffer.from([0xff, 0xff, 0xff]))
    ],
    'a text that is not UTF-8': async () => [packed('text', await pack(Buffer.from([0x61, 0xff])))],
    'a large text that is not UTF-8': async () => [
      packed('text', await pack(Buffer.concat([big, Buffer.from([0xff])])))
    ],
    'half a character at the end': async () => [
      packed('text', await pack(Buffer.from('é').subarray(0, 1)))
    ]
  };
  for (const [title, frames] of Object.entries(cases)) parity(title, receiving(frames));

  parity(
    'a message longer than maxPayload when inflated',
    receiving(async () => [packed('binary', await pack(Buffer.alloc(5000)))], {
      options: { maxPayload: 4999 }
    })
  );
  parity(
    'a message just as long',
    receiving(async () => [packed('binary', await pack(Buffer.alloc(5000)))], {
      options: { maxPayload: 5000 }
    })
  );
  parity(
    'a large message longer than maxPayload',
    receiving(async () => [packed('binary', await pack(Buffer.alloc(3_000_000)))], {
      options: { maxPayload: 1_000_000 }
    })
  );
  for (const binaryType of ['arraybuffer', 'fragments']) {
    parity(
      `as ${binaryType}`,
      receiving(
        async () => {
          const packer = new Packer();
          const data = await packer.pack(Buffer.alloc(1000, 'ab'));
          return [
            packed('binary', data.subarray(0, 5), { fin: false }),
            frame('continuation', data.subarray(5)),
            packed('binary', await packer.pack('whole'))
          ];
        },
        { onConnection: (socket) => (socket.binaryType = binaryType) }
      )
    );
  }
  parity(
    'one event a turn, with allowSynchronousEvents false',
    receiving(
      async () => {
        const packer = new Packer();
        return [
          packed('text', await packer.pack('one')),
          packed('text', await packer.pack('two')),
          frame('text', 'three')
        ];
      },
      { options: { allowSynchronousEvents: false } }
    )
  );
});

describe('sending', () => {
  const sending = (act, perMessageDeflate = true, headers = OFFER) => {
    const run = (lib, onHttp) =>
      converse(lib, {
        onHttp,
        options: { perMessageDeflate },
        headers,
        onConnection: act,
        client: async (client) => {
          await client.until((bytes) => bytes.includes('the end') || endsWithCloseFrame(bytes));
          await client.send(bye);
          await client.until(endsWithCloseFrame);
        }
      });
    return (lib) => onEach((onHttp) => run(lib, onHttp));
  };
  const end = (socket) => socket.send('the end', { compress: false });
  const big = 'large and compressible '.repeat(20_000);

  const scripts = {
    messages: (socket) => {
      socket.send('one one one one');
      socket.send('one one one one');
      socket.send(Buffer.from('one one one one'));
      socket.send(new Uint8Array([1, 2, 3]));
      end(socket);
    },
    'messages that are not to be compressed': (socket) => {
      socket.send('one', { compress: false });
      socket.send('two', { compress: true });
      end(socket);
    },
    'an empty message': (socket) => {
      socket.send('');
      end(socket);
    },
    fragments: (socket) => {
      socket.send('frag', { fin: false });
      socket.send('men', { fin: false, compress: false });
      socket.send('ts');
      socket.send('plain', { fin: false, compress: false });
      socket.send('ly');
      end(socket);
    },
    'pings between': (socket) => {
      socket.send('one one one');
      socket.ping('p');
      socket.send('one one one');
      socket.pong('q');
      end(socket);
    },
    'a large message, and what comes behind it': (socket, log) => {
      socket.send(big, (error) => log.push(['large', plain(error)]));
      socket.ping('p', () => log.push(['ping']));
      socket.send('small small', (error) => log.push(['small', plain(error)]));
      log.push(socket.bufferedAmount);
      end(socket);
    },
    'large fragments': (socket) => {
      socket.send(big, { fin: false });
      socket.send(Buffer.from(big));
      socket.send('small');
      end(socket);
    },
    'a Blob': (socket) => {
      socket.send(new Blob(['blob blob blob blob']));
      socket.send(new Blob([big]));
      end(socket);
    },
    'a close behind a large message': (socket, log) => {
      socket.send(big, (error) => log.push(['sent', plain(error)]));
      socket.close(1001, 'gone');
    }
  };
  for (const [title, script] of Object.entries(scripts)) parity(title, sending(script));

  const parameters = {
    'without context takeover, below the threshold': { serverNoContextTakeover: true },
    'without context takeover, above it': { serverNoContextTakeover: true, threshold: 5 },
    'with a small window': { serverMaxWindowBits: 9 },
    'with the smallest window': { serverMaxWindowBits: 8 },
    'with options of zlib': { zlibDeflateOptions: { level: 9, memLevel: 2, strategy: 2 } },
    'without compression': { zlibDeflateOptions: { level: 0 } },
    'with a dictionary': { zlibDeflateOptions: { dictionary: Buffer.from('one one two') } }
  };
  for (const [title, options] of Object.entries(parameters)) {
    parity(
      title,
      sending((socket) => {
        for (let i = 0; i < 3; i++) {
          socket.send('one one two two');
          socket.send(big.slice(0, 5000));
        }
        end(socket);
      }, options)
    );
  }

  parity('bufferedAmount counts what is being compressed', (lib) =>
    sending((socket, log) => {
      socket.send('foo');
      log.push(socket.bufferedAmount);
      socket.send('bar', () => {
        log.push(socket.bufferedAmount);
        end(socket);
      });
      log.push(socket.bufferedAmount);
    })(lib)
  );

  parity('callbacks get an error when the socket is dropped', (lib) =>
    sending((socket, log) => {
      socket.send(big, (error) => log.push(['large', plain(error)]));
      socket.send('behind', (error) => log.push(['behind', plain(error)]));
      socket.terminate();
    })(lib)
  );
});

describe('a client', () => {
  parity('talks to a server of ws, both sides compressing', async (lib) => {
    const { server, port } = await start(ws, { perMessageDeflate: { threshold: 0 } });
    server.on('connection', (socket, req) => {
      socket.send(req.headers['sec-websocket-extensions']);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    const log = [];
    for (const perMessageDeflate of [
      undefined,
      true,
      false,
      { threshold: 0, clientNoContextTakeover: true },
      { serverMaxWindowBits: 9, clientMaxWindowBits: 10 }
    ]) {
      const client = new lib.WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
      const messages = ['text text text', Buffer.alloc(500_000, 'abcd'), '', 'é'.repeat(2000)];
      let left = messages.length + 1;
      const answered = new Promise((resolve) => {
        client.on('message', () => --left === 0 && resolve());
      });
      record(client, log);
      await once(client, 'open');
      for (const message of messages) client.send(message);
      await answered;
      client.close();
      await once(client, 'close');
      log.push(client.extensions);
    }
    await stop(server);
    return log;
  });

  const answers = {
    'parameters that were not offered': `${NAME}; client_max_window_bits=10`,
    'an invalid window': `${NAME}; server_max_window_bits=20`,
    'no value where one must be': `${NAME}; client_max_window_bits`,
    'another extension': 'mux',
    'two extensions': `${NAME}, mux`,
    'a malformed header': `${NAME};;`
  };
  for (const [title, value] of Object.entries(answers)) {
    for (const perMessageDeflate of [true, false, { clientMaxWindowBits: 9 }]) {
      parity(`${title}, ${JSON.stringify(perMessageDeflate)}`, async (lib) => {
        const { server, port } = await start(ws);
        server.on('headers', (headers) => headers.push(`Sec-WebSocket-Extensions: ${value}`));
        const log = [];
        const client = new lib.WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
        record(client, log);
        client.on('open', () => client.close());
        await new Promise((resolve) => client.on('close', resolve));
        log.push(client.extensions);
        await stop(server);
        return log;
      });
    }
  }
});
