'use strict';

// Receiver and Sender, on their own and as parts of a connection.

const { Duplex } = require('stream');
const zlib = require('zlib');

const { closeFrame, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { attempt, bye, converse, parity, plain } = require('./parity');

expectNothingLeftOpen();

const NAME = 'permessage-deflate';

// What a Receiver makes of chunks; and when, relative to the turns of the event loop.
const receiving =
  (chunks, options = {}, compression) =>
  async (lib) => {
    const log = [];
    const extensions = {};
    if (compression !== undefined) {
      extensions[NAME] = new lib.PerMessageDeflate({ isServer: true, ...compression });
      extensions[NAME].accept([{}]);
    }
    const receiver = new lib.Receiver({ isServer: true, extensions, ...options });
    const finished = new Promise((resolve) => {
      for (const event of ['message', 'ping', 'pong', 'conclude', 'finish', 'error', 'close']) {
        receiver.on(event, (...args) => {
          log.push([event, ...args.map(plain)]);
          if (event === 'close') resolve();
        });
      }
    });
    for (const chunk of chunks) {
      receiver.write(Buffer.from(chunk), (error) => log.push(['written', plain(error)]));
      log.push('write() returned');
    }
    receiver.end();
    await finished;
    extensions[NAME]?.cleanup();
    return log;
  };

const deflated = zlib.deflateRawSync('text text text', {
  finishFlush: zlib.constants.Z_SYNC_FLUSH
});
const packed = deflated.subarray(0, -4);
const split = (bytes) => [...bytes].map((byte) => Buffer.from([byte]));
const big = Buffer.alloc(100_000, 'abc');

describe('Receiver', () => {
  const cases = {
    messages: [[frame('text', 'a'), frame('binary', 'b')]],
    'several messages in a chunk': [[Buffer.concat([frame('text', 'a'), frame('ping', 'b')])]],
    'empty messages': [[frame('text'), frame('binary'), frame('ping')]],
    'byte by byte': [split(Buffer.concat([frame('text', 'hello'), frame('pong', 'p')]))],
    'a large message': [[frame('binary', big)]],
    fragments: [
      [
        frame('binary', 'a', { fin: false }),
        frame('ping', 'p'),
        frame('continuation', 'b', { fin: false }),
        frame('continuation', 'c')
      ]
    ],
    'fragments as such': [
      [frame('binary', 'ab', { fin: false }), frame('continuation', 'c')],
      { binaryType: 'fragments' }
    ],
    'an ArrayBuffer': [[frame('binary', 'ab')], { binaryType: 'arraybuffer' }],
    'a close frame': [[closeFrame(1000, 'bye')]],
    'a close frame without code': [[closeFrame()]],
    'what follows a close frame': [[Buffer.concat([closeFrame(1001), frame('text', 'late')])]],
    'a client': [[frame('text', 'a', { masked: false })], { isServer: false }],
    'no options': [[frame('text', 'a', { masked: false })], { isServer: undefined }],
    'a missing mask': [[frame('text', 'a', { masked: false })]],
    'a mask where none may be': [[frame('text', 'a')], { isServer: false }],
    'RSV bits': [[frame('text', 'a', { rsv: 2 })]],
    'RSV1 without the extension': [[frame('text', 'a', { rsv: 4 })]],
    'an opcode that is none': [[frame(5, 'a')]],
    'messages and an error': [[Buffer.concat([frame('text', 'a'), frame(7, 'b')])]],
    'text that is not UTF-8': [[frame('text', Buffer.from([0xff]))]],
    'text that need not be UTF-8': [
      [frame('text', Buffer.from([0xff]))],
      { skipUTF8Validation: true }
    ],
    'a message that is too long': [[frame('text', 'abc')], { maxPayload: 2 }],
    'too many fragments': [
      [frame('text', 'a', { fin: false }), frame('continuation', 'b')],
      { maxFragments: 1 }
    ],
    'too many chunks': [split(frame('text', 'hello')), { maxBufferedChunks: 3 }],
    'one event a turn': [
      [Buffer.concat([frame('text', 'a'), frame('binary', 'b'), frame('ping', 'c'), bye])],
      { allowSynchronousEvents: false }
    ],
    'a compressed message': [[frame('text', packed, { rsv: 4 })], {}, {}],
    'a compressed message and others': [
      [Buffer.concat([frame('text', packed, { rsv: 4 }), frame('text', 'b'), bye])],
      {},
      {}
    ],
    'a compressed message that is too long': [
      [frame('text', packed, { rsv: 4 })],
      { maxPayload: 8 },
      { maxPayload: 8 }
    ],
    'a compressed message that is garbage': [[frame('text', 'garbage', { rsv: 4 })], {}, {}],
    'compressed messages, one event a turn': [
      [Buffer.concat([frame('binary', packed, { rsv: 4 }), frame('text', 'b')])],
      { allowSynchronousEvents: false },
      {}
    ]
  };
  for (const [title, [chunks, options, compression]] of Object.entries(cases)) {
    parity(title, receiving(chunks, options, compression));
  }

  parity('has fields', async (lib) => {
    const fields = ({ _binaryType, _isServer, _maxPayload, _maxFragments, _maxBufferedChunks }) => [
      _binaryType,
      _isServer,
      _maxPayload,
      _maxFragments,
      _maxBufferedChunks
    ];
    return [
      lib.Receiver.length,
      fields(new lib.Receiver()),
      fields(new lib.Receiver({ isServer: 1, maxPayload: '5', binaryType: 'blob' }))
    ];
  });
});

// A socket that writes down what is written to it.
function recorder() {
  const written = [];
  const socket = new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      written.push(chunk);
      setImmediate(callback);
    }
  });
  return { socket, bytes: () => Buffer.concat(written).toString('hex') };
}

describe('Sender', () => {
  const frames = {
    'a text': ['hello', { opcode: 1, fin: true }],
    'a Buffer': [Buffer.from('hello'), { opcode: 2, fin: true }],
    nothing: [Buffer.alloc(0), { opcode: 2, fin: true }],
    'an empty string': ['', { opcode: 1, fin: true }],
    'a fragment': [Buffer.from('a'), { opcode: 2 }],
    RSV1: [Buffer.from('a'), { opcode: 2, rsv1: true, fin: true }],
    '125 bytes': [Buffer.alloc(125), { opcode: 2, fin: true }],
    '126 bytes': [Buffer.alloc(126), { opcode: 2, fin: true }],
    '65535 bytes': [Buffer.alloc(65535), { opcode: 2, fin: true }],
    '65536 bytes': [Buffer.alloc(65536), { opcode: 2, fin: true }],
    'a mask': [Buffer.from('hello'), { opcode: 1, fin: true, mask: true }],
    'a mask, read-only data': [
      Buffer.from('hello'),
      { opcode: 1, fin: true, mask: true, readOnly: true }
    ],
    'a mask on a string': ['hello', { opcode: 1, fin: true, mask: true }],
    'a mask on nothing': [Buffer.alloc(0), { opcode: 1, fin: true, mask: true }],
    'a mask of zeros': [Buffer.from('hello'), { opcode: 1, fin: true, mask: true, zeros: true }]
  };
  for (const [title, [data, { zeros, ...options }]] of Object.entries(frames)) {
    parity(`frame(): ${title}`, async (lib) => {
      const generateMask = (key) => key.fill(zeros ? 0 : 7);
      const given = typeof data === 'string' ? data : Buffer.from(data);
      const list = lib.Sender.frame(given, { ...options, generateMask });
      return list.map((part) => part.toString('hex'));
    });
  }

  test('frame() does not change the data', () => {
    const { Sender } = require('../..');
    const data = Buffer.from('hello');
    const [, masked] = Sender.frame(data, { opcode: 1, fin: true, mask: true, readOnly: false });
    expect(data.toString()).toBe('hello');
    expect(masked).not.toBe(data);
  });

  const sending =
    (act, { extensions: params, options } = {}) =>
    async (lib) => {
      const { socket, bytes } = recorder();
      const extensions = {};
      if (params !== undefined) {
        extensions[NAME] = new lib.PerMessageDeflate({ isServer: true, ...options });
        extensions[NAME].accept([{ ...params }]);
      }
      const sender = new lib.Sender(socket, extensions, (key) => key.fill(9));
      const log = [];
      act(sender, log, (name) => (error) => log.push([name, plain(error)]), socket);
      log.push(sender._bufferedBytes);
      // Whatever waits comes in order: behind it, nothing is left.
      await new Promise((resolve) => sender.ping('end', false, resolve));
      log.push(sender._bufferedBytes, bytes());
      extensions[NAME]?.cleanup();
      return log;
    };
  const whole = { binary: false, compress: false, fin: true, mask: false };

  parity(
    'sends messages, pings and close frames',
    sending((sender, log, called) => {
      sender.send('text', whole, called('text'));
      sender.send(Buffer.from('binary'), { ...whole, binary: true }, called('binary'));
      sender.send(new Uint8Array([1]).buffer, { ...whole, binary: true, mask: true });
      sender.send('frag', { ...whole, fin: false });
      sender.ping('p', false, called('ping'));
      sender.send('ment', whole);
      sender.pong('q', true, called('pong'));
      sender.ping(Buffer.alloc(0), false);
      sender.close(1000, 'bye', false, called('close'));
      sender.close(undefined, undefined, true);
    })
  );
  parity(
    'checks its arguments',
    sending((sender, log) => {
      log.push(
        attempt(() => sender.close(1005)),
        attempt(() => sender.close('1000')),
        attempt(() => sender.close(1000, 'x'.repeat(124))),
        attempt(() => sender.ping('x'.repeat(126))),
        attempt(() => sender.pong(Buffer.alloc(126)))
      );
    })
  );
  const compressing = { ...whole, compress: true };
  for (const [title, extensions, options] of [
    ['with context takeover', {}],
    ['without context takeover', { server_no_context_takeover: [true] }],
    ['without context takeover, above the threshold', { server_no_context_takeover: [true] }, 3]
  ]) {
    parity(
      `compresses ${title}`,
      sending(
        (sender, log, called) => {
          sender.send('text text text', compressing, called('first'));
          sender.ping('p', false, called('ping'));
          sender.send('text text text', compressing, called('second'));
          sender.send('frag', { ...compressing, fin: false });
          sender.send('ment', { ...compressing, compress: false });
          sender.send('plain', whole, called('plain'));
          sender.close(1000, '', false, called('close'));
        },
        { extensions, options: options && { threshold: options } }
      )
    );
  }
  parity(
    'reads Blobs in turn',
    sending((sender, log, called) => {
      sender.send(new Blob(['blob']), { ...whole, binary: true }, called('blob'));
      sender.send('text', whole, called('text'));
      sender.ping(new Blob(['ping']), false, called('ping'));
    })
  );
  parity(
    'tells callbacks of a socket that was destroyed meanwhile',
    sending(
      (sender, log, called, socket) => {
        sender.send('text', compressing, called('text'));
        sender.send('behind', compressing, called('behind'));
        socket.destroy();
      },
      { extensions: {} }
    )
  );
});

describe('the halves of a connection', () => {
  // Before, during and after a connection.
  const both = (act) => async (lib) => {
    const run = (onHttp) =>
      converse(lib, {
        onHttp,
        onConnection: (socket, log) => act(socket, log, lib),
        client: async (client) => {
          await client.until((bytes) => bytes.includes('end'));
          await client.send(frame('text', 'hi'), frame('ping', 'p'), bye);
          await client.until((bytes) => bytes.includes(0x88));
        }
      });
    return [await run(false), await run(true)];
  };

  parity(
    '_sender sends frames that were made before, with a callback',
    both((socket, log, lib) => {
      const { _sender: sender } = socket;
      log.push(sender instanceof lib.Sender, sender === socket._sender, sender._bufferedBytes);
      log.push(typeof sender.constructor.frame);
      const list = lib.Sender.frame(Buffer.from('pre-encoded'), { fin: true, opcode: 1 });
      sender.sendFrame(list, (error) => log.push(['sent', plain(error)]));
      sender.sendFrame(lib.Sender.frame(Buffer.alloc(0), { fin: true, opcode: 1 }));
      sender.send('by the sender', { binary: false, fin: true, compress: false, mask: false });
      sender.ping('from the sender', false, (error) => log.push(['ping', plain(error)]));
      sender.pong(Buffer.from('from the sender'), false);
      socket.send('end');
      socket.on('close', () => {
        socket._sender.sendFrame(list, (error) => log.push(['late', plain(error)]));
      });
    })
  );
  parity(
    '_receiver emits what comes, and takes more',
    both((socket, log, lib) => {
      const { _receiver: receiver } = socket;
      log.push(receiver instanceof lib.Receiver, receiver === socket._receiver);
      log.push(receiver._isServer, receiver._maxPayload, receiver._binaryType);
      for (const event of ['message', 'ping', 'conclude', 'finish']) {
        receiver.prependListener(event, (...args) =>
          log.push([`receiver: ${event}`, ...args.map(plain)])
        );
      }
      receiver.write(frame('text', 'injected'));
      socket.send('end');
    })
  );
  parity('there are none before the connection', async (lib) => {
    const socket = new lib.WebSocket(null, undefined, {});
    return [socket._sender, socket._receiver, socket._socket, socket._req];
  });
});
