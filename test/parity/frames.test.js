'use strict';

// What a server makes of the frames that it is sent: events, answers, errors.

const { closeFrame, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { bye, converse, parity } = require('./parity');

expectNothingLeftOpen();

const sized = [0, 1, 125, 126, 127, 65535, 65536, 200000];

const conversations = {
  ...Object.fromEntries(
    sized.flatMap((size) => [
      [`a text message of ${size} bytes`, [frame('text', 'a'.repeat(size)), bye]],
      [`a binary message of ${size} bytes`, [frame('binary', Buffer.alloc(size, 7)), bye]]
    ])
  ),
  'a length in 16 bits that fits 7': [frame('binary', 'abc', { lengthBytes: 2 }), bye],
  'a length in 64 bits that fits 7': [frame('binary', 'abc', { lengthBytes: 8 }), bye],
  'text that is not ASCII': [frame('text', 'é€😀\u0000'), bye],
  'many messages in one packet': [...Array(50).fill(frame('text', 'm')), bye],
  'two fragments': [frame('text', 'a', { fin: false }), frame('continuation', 'b'), bye],
  'fragments, some of them empty': [
    frame('binary', '', { fin: false }),
    frame('continuation', 'a', { fin: false }),
    frame('continuation', '', { fin: false }),
    frame('continuation', 'b', { fin: false }),
    frame('continuation', ''),
    bye
  ],
  'control frames between fragments': [
    frame('text', 'a', { fin: false }),
    frame('ping', 'ping'),
    frame('pong', 'pong'),
    frame('continuation', 'b'),
    bye
  ],
  'a character split over fragments': [
    frame('text', Buffer.from('é').subarray(0, 1), { fin: false }),
    frame('continuation', Buffer.from('é').subarray(1)),
    bye
  ],
  'a ping without and with payload': [frame('ping'), frame('ping', 'p'.repeat(125)), bye],
  'an unasked pong': [frame('pong', 'x'), bye],
  'an empty close frame': [closeFrame()],
  'a close frame with code': [closeFrame(3000)],
  'a close frame with code and reason': [closeFrame(4999, 'réason')],
  'a message behind the close frame': [closeFrame(1000), frame('text', 'late')],
  'bytes of nonsense behind the close frame': [closeFrame(1000), Buffer.from('ffffffff', 'hex')],
  'two close frames': [closeFrame(1000), closeFrame(1001)],

  RSV1: [frame('text', 'a', { rsv: 4 })],
  RSV2: [frame('text', 'a', { rsv: 2 })],
  RSV3: [frame('text', 'a', { rsv: 1 })],
  'RSV1 on a ping': [frame('ping', 'a', { rsv: 4 })],
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((op) => [`the opcode ${op}`, [frame(op, 'a')]])
  ),
  'a continuation of nothing': [frame('continuation', 'a')],
  'a continuation after a whole message': [frame('text', 'a'), frame('continuation', 'b')],
  'a text within fragments': [frame('text', 'a', { fin: false }), frame('text', 'b')],
  'a binary within fragments': [frame('binary', 'a', { fin: false }), frame('binary', 'b')],
  'a fragmented ping': [frame('ping', 'a', { fin: false })],
  'a fragmented close': [frame('close', '', { fin: false })],
  'a long ping': [frame('ping', 'a'.repeat(126))],
  'a very long pong': [frame('pong', 'a'.repeat(70000))],
  'a close frame of one byte': [frame('close', 'a')],
  'an unmasked text': [frame('text', 'a', { masked: false })],
  'an unmasked close': [closeFrame(1000, '', { masked: false })],
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) => [
      `the close code ${code}`,
      [closeFrame(code)]
    ])
  ),
  ...Object.fromEntries(
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000].map(
      (code) => [`the close code ${code}, which is valid`, [closeFrame(code)]]
    )
  ),
  'a close reason that is not UTF-8': [frame('close', Buffer.from([3, 232, 0xff]))],
  'text that is not UTF-8': [frame('text', Buffer.from([0x61, 0xff]))],
  'text that ends within a character': [frame('text', Buffer.from([0x61, 0xc3]))],
  'a surrogate in text': [frame('text', Buffer.from('eda080', 'hex'))],
  'an overlong form in text': [frame('text', Buffer.from('c0af', 'hex'))],
  'a length of 2^53': [Buffer.from('82ff0020000000000000', 'hex')],
  'a length of 2^64 - 1': [Buffer.from('82ffffffffffffffffff', 'hex')],
  'a length above the default limit': [Buffer.from('82ff0000000006400001', 'hex')],
  'messages before an error': [frame('text', 'one'), frame('binary', 'two'), frame(3, 'bad')],
  'messages behind an error': [frame(3, 'bad'), frame('text', 'late'), bye]
};

describe.each(Object.entries(conversations))('%s', (title, send) => {
  parity('as events', (lib) => converse(lib, { send }));
  parity('as events, on an HTTP server', (lib) => converse(lib, { send, onHttp: true }));
  parity('as events, over TLS', (lib) => converse(lib, { send, onHttp: 'https' }));
  parity('echoed', (lib) =>
    converse(lib, {
      send,
      onConnection: (ws) =>
        ws.on('message', (data, isBinary) => {
          if (ws.readyState === 1) ws.send(data, { binary: isBinary });
        })
    })
  );
  parity('in pieces of one byte', (lib) =>
    converse(lib, {
      client: async (client) => {
        const bytes = Buffer.concat(send);
        // A large one in larger pieces: it is the headers that matter.
        const piece = Math.max(1, Math.floor(bytes.length / 200));
        client.socket.setNoDelay();
        for (let at = 0; at < bytes.length && !client.isClosed; at += piece) {
          await client.send(bytes.subarray(at, at + piece));
        }
        await client.until((got) => got.includes(0x88));
      }
    })
  );
});

describe('limits', () => {
  const limited =
    (options, ...send) =>
    (lib) =>
      converse(lib, { options, send });
  parity('maxPayload, exactly', limited({ maxPayload: 10 }, frame('text', 'a'.repeat(10)), bye));
  parity('maxPayload, exceeded', limited({ maxPayload: 10 }, frame('text', 'a'.repeat(11))));
  parity(
    'maxPayload, exceeded by fragments',
    limited(
      { maxPayload: 10 },
      frame('text', 'abcdef', { fin: false }),
      frame('continuation', 'abcdef')
    )
  );
  parity('maxPayload 0', limited({ maxPayload: 0 }, frame('text', 'a'.repeat(1000)), bye));
  parity('maxPayload that is negative', limited({ maxPayload: -1 }, frame('text', 'abc'), bye));
  parity('maxPayload that is no number', limited({ maxPayload: '2' }, frame('text', 'abc'), bye));
  const three = [
    frame('text', 'a', { fin: false }),
    frame('continuation', 'b', { fin: false }),
    frame('continuation', 'c'),
    bye
  ];
  parity('maxFragments, exactly', limited({ maxFragments: 3 }, ...three));
  parity('maxFragments, exceeded', limited({ maxFragments: 2 }, ...three));
  parity('maxFragments 0', limited({ maxFragments: 0 }, ...three));
  parity(
    'skipUTF8Validation',
    limited({ skipUTF8Validation: true }, frame('text', Buffer.from([0xff])), bye)
  );
  parity(
    'skipUTF8Validation of a reason',
    limited({ skipUTF8Validation: true }, frame('close', Buffer.from([3, 232, 0xff])))
  );
});

describe('answers to pings', () => {
  const pings = (options, count) => (lib) =>
    converse(lib, { options, send: [...Array(count).fill(frame('ping', 'p')), bye] });
  parity('autoPong false', pings({ autoPong: false }, 3));
  parity('as many as may wait', pings({ maxPendingAutoPongs: 3 }, 3));
  parity('any number', pings({ maxPendingAutoPongs: 0 }, 100));
});

describe('allowSynchronousEvents false', () => {
  parity('one event a turn', (lib) =>
    converse(lib, {
      options: { allowSynchronousEvents: false },
      send: [frame('text', '1'), frame('ping', '2'), frame('binary', '3'), frame('pong', '4'), bye],
      onConnection: (ws, log) => {
        for (const event of ['message', 'ping', 'pong']) {
          ws.on(event, () => {
            queueMicrotask(() => log.push('microtask'));
            process.nextTick(() => log.push('tick'));
          });
        }
      }
    })
  );
});
