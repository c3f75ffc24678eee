'use strict';

// Messages that come as streams, on every transport.

const { once } = require('events');
const { PassThrough } = require('stream');
const { buffer, text } = require('stream/consumers');
const { finished, pipeline } = require('stream/promises');
const zlib = require('zlib');

const { createWebSocketStream } = require('../..');
const { parseFrames } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { connectBy, transports } = require('../helpers/transports');

expectNothingLeftOpen();

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function turns(count) {
  for (let i = 0; i < count; i++) await turn();
}

// Not by once(), which takes an 'error' for a failure.
const closedOf = (emitter) =>
  new Promise((resolve) => emitter.on('close', (...args) => resolve(args)));
const failedOf = (emitter) => new Promise((resolve) => emitter.on('error', resolve));

// As permessage-deflate has it (RFC 7692 7.2.1).
function deflated(data) {
  const bytes = zlib.deflateRawSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, -4);
}

// Bytes that zlib cannot make smaller.
function noise(size) {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

// The code of the close frame that the peer got, which is the last one.
async function closeCode(peer, { masked }) {
  const isMasked = !masked;
  const size = isMasked ? 8 : 4;
  const head = isMasked ? [0x88, 0x82] : [0x88, 0x02];
  const last = (bytes) => bytes.subarray(Math.max(bytes.length - size, 0));
  const all = await peer.until((bytes) => last(bytes).subarray(0, 2).equals(Buffer.from(head)));
  const code = last(all).readUInt16BE(size - 2);
  return isMasked ? code ^ last(all).readUInt16BE(2) : code;
}

const cases = transports.flatMap((transport) => [
  [transport, true],
  [transport, false]
]);

describe.each(cases)('%s, allowSynchronousEvents: %s', (transport, allowSynchronousEvents) => {
  let made;

  async function start(options) {
    made = await connectBy(transport, { allowSynchronousEvents, streamThreshold: 10, ...options });
    made.ws.on('error', () => {});
    return made;
  }

  afterEach(async () => {
    await made.stop();
  });

  test('what is longer than the threshold, or fragmented, in order with the rest', async () => {
    const { frame, peer, ws } = await start();
    const log = [];
    const done = new Promise((resolve) => {
      ws.on('message', (data, isBinary) => {
        log.push(['message', String(data), isBinary]);
        if (String(data) === 'end') resolve();
      });
    });
    ws.on('ping', (data) => log.push(['ping', String(data)]));
    ws.on('stream', (stream, isBinary) => {
      let all = '';
      log.push(['stream', isBinary]);
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => (all += chunk));
      stream.on('end', () => log.push(['end', all]));
    });
    await peer.send(
      frame('text', '10 letters'),
      frame('text', '11 letters!'),
      frame('ping', 'p'),
      frame('binary', 'ab', { fin: false }),
      frame('continuation', '', { fin: false }),
      frame('continuation', 'c'),
      frame('text', '', { fin: false }),
      frame('continuation', ''),
      frame('text', 'end')
    );
    await done;
    expect(log).toEqual([
      ['message', '10 letters', false],
      ['stream', false],
      ['end', '11 letters!'],
      ['ping', 'p'],
      ['stream', true],
      ['end', 'abc'],
      ['stream', false],
      ['end', ''],
      ['message', 'end', false]
    ]);
  });

  test('a stream that is not read stops the connection, and one that is goes on', async () => {
    const { frame, peer, ws } = await start();
    const size = 24 * 1024 * 1024;
    const bytes = Buffer.alloc(size, 'abcdefghij');
    const opened = once(ws, 'stream');
    const messages = [];
    ws.on('message', (data) => messages.push(String(data)));
    let isSent = false;
    const sent = peer.send(frame('binary', bytes), frame('text', 'behind')).then(() => {
      isSent = true;
    });
    const [stream] = await opened;
    let most = 0;
    for (let i = 0; i < 200; i++) {
      await turn();
      most = Math.max(most, stream.readableLength);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(2 * 1024 * 1024);
    expect(isSent).toBe(false);
    expect((await buffer(stream)).equals(bytes)).toBe(true);
    await sent;
    if (messages.length === 0) await once(ws, 'message');
    expect(messages).toEqual(['behind']);
  });

  test('one that has come whole, and is not read, holds what follows', async () => {
    const { frame, peer, ws } = await start();
    const opened = once(ws, 'stream');
    const messages = [];
    ws.on('message', (data) => messages.push(String(data)));
    await peer.send(frame('text', 'first, and longer'), frame('text', '1'), frame('text', '2'));
    const [stream] = await opened;
    await turns(20);
    expect(messages).toEqual([]);
    // However much follows.
    await peer.send(...Array.from({ length: 2000 }, () => frame('text', 'x')), frame('text', 'z'));
    await turns(50);
    expect(messages).toEqual([]);
    stream.on('data', () => {});
    while (messages.at(-1) !== 'z') await once(ws, 'message');
    expect(messages).toHaveLength(2003);
  });

  test('the user may pause the WebSocket as well', async () => {
    const { frame, peer, ws } = await start();
    const opened = once(ws, 'stream');
    await peer.send(frame('binary', Buffer.alloc(500000, 1), { fin: false }));
    const [stream] = await opened;
    ws.pause();
    let size = 0;
    stream.on('data', (chunk) => (size += chunk.length));
    await turns(30);
    await peer.send(frame('continuation', 'the end'));
    await turns(30);
    expect(stream.readableEnded).toBe(false);
    ws.resume();
    await once(stream, 'end');
    expect(size).toBe(500007);
  });

  test('text is checked as it comes', async () => {
    const { frame, peer, ws } = await start();
    const failed = failedOf(ws);
    const opened = once(ws, 'stream');
    await peer.send(frame('text', 'gr\xfc\xdf', { fin: false }));
    const [stream] = await opened;
    const [first] = await once(stream, 'data');
    expect(String(first)).toBe('gr\xfc\xdf');
    const aborted = failedOf(stream);
    await peer.send(frame('continuation', Buffer.from([0xff]), { fin: false }));
    expect((await aborted).code).toBe('WS_ERR_INVALID_UTF8');
    expect((await failed).code).toBe('WS_ERR_INVALID_UTF8');
    expect(await closeCode(peer, made)).toBe(1007);
  });

  test('what is compressed is inflated as it comes', async () => {
    const { frame, peer, ws } = await start({ perMessageDeflate: true });
    const bytes = Buffer.concat([noise(300000), Buffer.alloc(3000000, 'text')]);
    const packed = deflated(bytes);
    const streams = [];
    ws.on('stream', (stream) => streams.push(buffer(stream)));
    const message = once(ws, 'message');
    await peer.send(
      frame('binary', packed.subarray(0, 1000), { rsv: 4, fin: false }),
      frame('ping'),
      frame('continuation', packed.subarray(1000)),
      frame('binary', packed, { rsv: 4 }),
      frame('text', deflated('short'), { rsv: 4 })
    );
    expect(String((await message)[0])).toBe('short');
    const [one, other] = await Promise.all(streams);
    expect(streams).toHaveLength(2);
    expect(one.equals(bytes)).toBe(true);
    expect(other.equals(bytes)).toBe(true);
  });

  test('a bomb that nobody reads gives little', async () => {
    const { frame, peer, ws } = await start({ perMessageDeflate: true });
    const size = 64 * 1024 * 1024;
    const opened = once(ws, 'stream');
    await peer.send(frame('binary', deflated(Buffer.alloc(size)), { rsv: 4 }), frame('text', 'b'));
    const [stream] = await opened;
    await turns(300);
    expect(stream.readableLength).toBeGreaterThan(0);
    expect(stream.readableLength).toBeLessThan(2 * 1024 * 1024);
    const message = once(ws, 'message');
    let read = 0;
    for await (const chunk of stream) read += chunk.length;
    expect(read).toBe(size);
    expect(String((await message)[0])).toBe('b');
  });

  test.each([
    ['claimed', false],
    ['inflated', true]
  ])('no longer than maxStreamLength: %s', async (name, isCompressed) => {
    const { frame, peer, ws } = await start({ perMessageDeflate: true, maxStreamLength: 100000 });
    const pack = (data) =>
      isCompressed
        ? frame('binary', deflated(data), { rsv: 4, fin: false })
        : frame('binary', data, { fin: false });
    const failed = failedOf(ws);
    const sizes = [];
    ws.on('stream', async (stream) => {
      let size = 0;
      try {
        for await (const chunk of stream) size += chunk.length;
        sizes.push(size);
      } catch (error) {
        sizes.push(error.code);
      }
    });
    await peer.send(pack(Buffer.alloc(100000)), frame('continuation'));
    await peer.send(pack(Buffer.alloc(99999)), frame('continuation', isCompressed ? '' : 'ab'));
    if (isCompressed) await peer.send(pack(Buffer.alloc(100001)), frame('continuation'));
    expect((await failed).code).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    expect(await closeCode(peer, made)).toBe(1009);
    await turns(5);
    expect(sizes[0]).toBe(100000);
    // A message that was over before its turn came is not heard of.
    if (allowSynchronousEvents || !isCompressed) {
      expect(sizes.at(-1)).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    }
  });

  test.each([
    ['the connection breaks', (peer) => peer.socket.destroy(), 'WS_ERR_INCOMPLETE_MESSAGE', 1006],
    ['the peer ends', (peer) => peer.socket.end(), 'WS_ERR_INCOMPLETE_MESSAGE', 1006],
    [
      'a close frame comes',
      (peer, frame) => peer.send(frame('close', Buffer.from([3, 0xe8]))),
      'WS_ERR_INCOMPLETE_MESSAGE',
      1000
    ],
    [
      'another message comes',
      (peer, frame) => peer.send(frame('text', 'x')),
      'WS_ERR_INVALID_OPCODE',
      1006
    ],
    [
      'a reserved bit is set',
      (peer, frame) => peer.send(frame('continuation', 'x', { rsv: 1 })),
      'WS_ERR_UNEXPECTED_RSV_2_3',
      1006
    ]
  ])('%s in the middle', async (name, end, code, closeCodeThere) => {
    const { frame, peer, ws } = await start();
    const streams = [];
    ws.on('stream', (stream) => streams.push(stream));
    const closed = closedOf(ws);
    const opened = once(ws, 'stream');
    await peer.send(frame('binary', 'some bytes', { fin: false }));
    const [stream] = await opened;
    const aborted = finished(stream).then(
      () => 'finished',
      (error) => error.code
    );
    await end(peer, frame);
    expect(await aborted).toBe(code);
    if (closeCodeThere === 1000) peer.socket.end();
    else peer.socket.destroy();
    expect((await closed)[0]).toBe(closeCodeThere);
    expect(streams).toEqual([stream]);
    expect(stream.destroyed).toBe(true);
  });

  test('where nobody listens for errors of the stream, nothing is thrown', async () => {
    const { frame, peer, ws } = await start();
    const opened = once(ws, 'stream');
    await peer.send(frame('binary', 'some bytes', { fin: false }));
    const [stream] = await opened;
    const over = [];
    stream.on('data', () => {});
    stream.on('end', () => over.push('end'));
    const streamClosed = closedOf(stream);
    const closed = closedOf(ws);
    peer.socket.destroy();
    await Promise.all([streamClosed, closed]);
    expect(over).toEqual([]);
    expect(stream.readableAborted).toBe(true);
    await expect(text(stream)).rejects.toMatchObject({ code: 'WS_ERR_INCOMPLETE_MESSAGE' });
  });

  test('what is destroyed is thrown away, and the connection goes on', async () => {
    const { frame, peer, ws } = await start();
    const opened = once(ws, 'stream');
    await peer.send(frame('binary', Buffer.alloc(200000), { fin: false }));
    const [stream] = await opened;
    stream.destroy();
    const pinged = once(ws, 'ping');
    await peer.send(frame('continuation', Buffer.alloc(4000000), { fin: false }), frame('ping'));
    await pinged;
    const message = once(ws, 'message');
    await peer.send(frame('continuation', Buffer.alloc(100000)), frame('text', 'next'));
    expect(String((await message)[0])).toBe('next');
    // The same when the whole has come, and waits.
    const second = once(ws, 'stream');
    const third = once(ws, 'message');
    await peer.send(frame('text', 'longer than the threshold'), frame('text', 'third'));
    (await second)[0].destroy();
    expect(String((await third)[0])).toBe('third');
    // And with a loop that is left.
    const fourth = once(ws, 'stream');
    const fifth = once(ws, 'message');
    await peer.send(frame('text', 'longer than the threshold'), frame('text', 'fifth'));
    for await (const chunk of (await fourth)[0]) {
      expect(String(chunk)).toBe('longer than the threshold');
      break;
    }
    expect(String((await fifth)[0])).toBe('fifth');
  });

  test('where nobody listens it is thrown away', async () => {
    const { frame, peer, ws } = await start();
    const message = once(ws, 'message');
    await peer.send(frame('binary', Buffer.alloc(3000000)), frame('ping'), frame('text', 'next'));
    expect(String((await message)[0])).toBe('next');
    await peer.until((bytes) => parseFrames(bytes).frames.some(({ opcode }) => opcode === 10));
  });

  test.each(['pause', 'resume', 'close', 'terminate', 'transfer', 'destroy', 'send'])(
    '%s in a handler of data',
    async (what) => {
      const { frame, peer, ws } = await start();
      const bytes = noise(700000);
      const chunks = [];
      const opened = once(ws, 'stream');
      const closed = closedOf(ws);
      const cut = [100, 200, 150000, 300000, 300001];
      const sent = peer.send(
        ...cut.map((end, i) =>
          frame(i === 0 ? 'binary' : 'continuation', bytes.subarray(cut[i - 1] ?? 0, end), {
            fin: false
          })
        ),
        frame('continuation', bytes.subarray(300001))
      );
      const [stream] = await opened;
      stream.on('data', (chunk) => {
        chunks.push(Buffer.from(chunk));
        if (what === 'pause') {
          ws.pause();
          setImmediate(() => ws.resume());
        } else if (what === 'resume') {
          ws.resume();
        } else if (what === 'transfer') {
          structuredClone(chunk, { transfer: [chunk.buffer] });
        } else if (what === 'send') {
          ws.send(chunk);
        } else if (what === 'destroy') {
          stream.destroy();
        } else {
          ws[what]();
        }
      });
      const error = await finished(stream).catch(({ code }) => code);
      const all = Buffer.concat(chunks);
      if (what === 'terminate') {
        expect(error).toBe('WS_ERR_INCOMPLETE_MESSAGE');
        expect((await closed)[0]).toBe(1006);
      } else if (what === 'destroy') {
        expect(error).toBe('ERR_STREAM_PREMATURE_CLOSE');
        expect(all.equals(bytes.subarray(0, all.length))).toBe(true);
      } else {
        expect(error).toBeUndefined();
        expect(all.equals(bytes)).toBe(true);
      }
      if (what === 'close') {
        await peer.send(frame('close'));
        expect((await closed)[0]).toBe(1005);
      }
      peer.socket.on('error', () => {});
      await Promise.race([sent, peer.closed]);
    }
  );

  test('what has come is there when the connection is over', async () => {
    const { frame, peer, ws } = await start();
    const log = [];
    ws.on('stream', (stream) => log.push(stream));
    ws.on('message', (data) => log.push(String(data)));
    const closed = closedOf(ws);
    const opened = once(ws, 'stream');
    await peer.send(
      frame('text', 'the first of two'),
      frame('text', 'between'),
      frame('text', 'the second of two'),
      frame('text', 'third', { fin: false })
    );
    await opened;
    await turns(10);
    expect(log).toHaveLength(1);
    if (transport === 'tls') ws._socket.destroy();
    else peer.reset();
    await closed;
    const [one, between, two, three] = log;
    expect(between).toBe('between');
    expect(await text(one)).toBe('the first of two');
    expect(await text(two)).toBe('the second of two');
    // What was over before its turn came is not heard of.
    expect(log).toHaveLength(allowSynchronousEvents ? 4 : 3);
    if (!allowSynchronousEvents) return;
    await expect(text(three)).rejects.toMatchObject({ code: 'WS_ERR_INCOMPLETE_MESSAGE' });
  });

  test('createWebSocketStream() reads them, too', async () => {
    const { frame, peer, ws } = await start();
    const duplex = createWebSocketStream(ws);
    const bytes = noise(1000000);
    let size = 0;
    const all = (async () => {
      const chunks = [];
      for await (const chunk of duplex) {
        chunks.push(chunk);
        size += chunk.length;
        if (size === bytes.length + 5) break;
      }
      return Buffer.concat(chunks);
    })();
    await peer.send(frame('binary', bytes), frame('text', 'short'));
    expect((await all).equals(Buffer.concat([bytes, Buffer.from('short')]))).toBe(true);
  });

  test('pipeline, with a sink that is slow', async () => {
    const { frame, peer, ws } = await start();
    const bytes = noise(3000000);
    const opened = once(ws, 'stream');
    const sent = peer.send(frame('binary', bytes));
    const [stream] = await opened;
    const sink = new PassThrough({ highWaterMark: 1000 });
    const chunks = [];
    const piped = pipeline(stream, sink, async (source) => {
      for await (const chunk of source) {
        chunks.push(chunk);
        if (chunks.length % 7 === 0) await turn();
      }
    });
    await Promise.all([sent, piped]);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });
});
