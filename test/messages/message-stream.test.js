'use strict';

const { randomBytes } = require('crypto');
const { once } = require('events');
const { PassThrough, Readable } = require('stream');
const { finished, pipeline } = require('stream/promises');
const { isNativeError } = require('util').types;

const ws = require('ws');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { framesOf, inflated, messagesOf, record } = require('../helpers/peer-frames');
const { startServer, stopServersAfterEach } = require('../helpers/servers');
const { connectBy, transports } = require('../helpers/transports');

stopServersAfterEach();
expectNothingLeftOpen();

const running = [];

async function open(transport, options) {
  const made = await connectBy(transport, { perMessageDeflate: false, ...options });
  running.push(made);
  made.ws.on('error', () => {});
  return made;
}

afterEach(() => Promise.all(running.splice(0).map(({ stop }) => stop())));

const turn = () => new Promise(setImmediate);
const hasText = (text) => (bytes) =>
  framesOf(bytes).some((frame) => String(frame.payload) === text);
const isClosed = (bytes) => framesOf(bytes).some(({ opcode }) => opcode === 8);
const closeCodeOf = (bytes) =>
  framesOf(bytes)
    .find(({ opcode }) => opcode === 8)
    .payload.readUInt16BE(0);
const kindsOf = (bytes) => messagesOf(framesOf(bytes)).map(({ kind }) => kind);

// More than kernels take from a connection whose peer does not read.
const MUCH = 24 * 1024 * 1024;

describe.each(transports)('by %s', (transport) => {
  test('what is written is one message, and others wait behind it in order; pings do not', async () => {
    const { peer, ws: socket } = await open(transport);
    const stream = socket.createMessageStream();
    const second = socket.createMessageStream({ binary: true });
    socket.send('behind both');
    second.end('second');
    stream.write('ä');
    stream.write('b');
    await turn();
    socket.ping('p');
    stream.write('c');
    await turn();
    stream.end();
    await Promise.all([once(stream, 'close'), once(second, 'close')]);
    const frames = framesOf(await peer.until(hasText('behind both')));
    expect(frames.map(({ fin, opcode, payload }) => [opcode, fin, String(payload)])).toEqual([
      [1, false, 'ä'],
      [0, false, 'b'],
      [9, true, 'p'],
      [0, false, 'c'],
      [0, true, ''],
      [2, true, 'second'],
      [1, true, 'behind both']
    ]);
  });

  test('an empty chunk behind the last bytes adds nothing', async () => {
    const { peer, ws: socket } = await open(transport);
    const stream = socket.createMessageStream();
    stream.write('a');
    stream.end('');
    await finished(stream);
    socket.send('end');
    const messages = messagesOf(framesOf(await peer.until(hasText('end'))));
    expect(messages.map(({ data }) => String(data))).toEqual(['a', 'end']);
  });

  test.each(['pipeline()', 'sendStream()'])(
    'a source is read no faster than the peer reads, with %s',
    async (way) => {
      const { peer, ws: socket } = await open(transport);
      const received = record(peer);
      const chunk = randomBytes(64 * 1024);
      let given = 0;
      const source = new Readable({
        read() {
          given++;
          this.push(given <= MUCH / chunk.length ? chunk : null);
        }
      });
      // What somebody else has paused is read all the same.
      source.pause();
      const sent =
        way === 'pipeline()'
          ? pipeline(source, socket.createMessageStream())
          : socket.sendStream(source);
      socket.send('end');
      // The kernels are full when no more is asked for in some turns that wait for the network.
      let before;
      do {
        before = given;
        for (let i = 0; i < 200; i++) await turn();
      } while (given !== before);
      expect(given).toBeLessThan(MUCH / chunk.length);
      const bytes = await received('end');
      await sent;
      const [message] = messagesOf(framesOf(bytes));
      expect(message.data.length).toBe(MUCH);
      expect(message.data.subarray(0, chunk.length).equals(chunk)).toBe(true);
      expect(message.data.subarray(-chunk.length).equals(chunk)).toBe(true);
    }
  );

  test('maxFrameSize counts, and a stream is compressed piece by piece', async () => {
    const { peer, ws: socket } = await open(transport, {
      maxFrameSize: 100,
      perMessageDeflate: true
    });
    const data = randomBytes(150_000);
    const stream = socket.createMessageStream();
    stream.write(data.subarray(0, 10));
    await turn();
    stream.write(data.subarray(10, 90_000));
    stream.end(data.subarray(90_000));
    socket.createMessageStream({ compress: false }).end('end');
    const [message, end] = messagesOf(framesOf(await peer.until(hasText('end'))));
    expect(message.rsv1).toBe(true);
    expect(end.rsv1).toBe(false);
    expect(Math.max(...message.sizes)).toBe(100);
    expect(inflated(message.data).equals(data)).toBe(true);
  });

  test('destroying it in the middle closes with 1011, and fails what waited behind', async () => {
    const { peer, ws: socket } = await open(transport);
    const closed = once(socket, 'close');
    const stream = socket.createMessageStream();
    const failed = once(stream, 'error');
    const other = socket.createMessageStream();
    const otherFailed = once(other, 'error');
    const behind = new Promise((resolve) => socket.send('behind', resolve));
    stream.write('begun');
    await turn();
    stream.destroy(new Error('no more'));
    expect((await failed)[0].message).toBe('no more');
    expect((await otherFailed)[0].code).toBe('WS_ERR_MESSAGE_INTERRUPTED');
    expect((await behind).code).toBe('WS_ERR_MESSAGE_INTERRUPTED');
    const bytes = await peer.until(isClosed);
    expect(closeCodeOf(bytes)).toBe(1011);
    expect(framesOf(bytes).map(({ fin, opcode }) => [opcode, fin])).toEqual([
      [1, false],
      [8, true]
    ]);
    peer.end();
    await closed;
  });

  test('destroying it before anything has left takes it out of the order', async () => {
    const { peer, ws: socket } = await open(transport);
    const first = socket.createMessageStream();
    const second = socket.createMessageStream();
    socket.send('end');
    second.write('never');
    second.destroy();
    first.destroy();
    expect(kindsOf(await peer.until(hasText('end')))).toEqual(['text']);
    expect(socket.readyState).toBe(socket.OPEN);
  });

  test('close() does not wait for a stream that has not ended, but for one that has', async () => {
    const { peer, ws: socket } = await open(transport);
    const received = record(peer);
    const whole = socket.createMessageStream();
    whole.write(Buffer.alloc(MUCH));
    whole.end('tail');
    const unfinished = socket.createMessageStream();
    const failed = once(unfinished, 'error');
    unfinished.write('not sent');
    await turn();
    socket.close(4002);
    expect((await failed)[0].code).toBe('WS_ERR_MESSAGE_INTERRUPTED');
    const bytes = await received(undefined);
    const [message, close] = messagesOf(framesOf(bytes));
    expect(message.data.length).toBe(MUCH + 4);
    expect(close.data.readUInt16BE(0)).toBe(4002);
    peer.end();
    await once(socket, 'close');
  });

  test('close() in the middle of a message leaves between its frames', async () => {
    const { peer, ws: socket } = await open(transport);
    const stream = socket.createMessageStream();
    const failed = once(stream, 'error');
    stream.write('begun');
    await turn();
    socket.close(4003, 'now');
    await failed;
    const bytes = await peer.until(isClosed);
    expect(closeCodeOf(bytes)).toBe(4003);
    expect(framesOf(bytes).length).toBe(2);
    peer.end();
    await once(socket, 'close');
  });

  test("the answer to the peer's close frame does not wait for a stream", async () => {
    const { frame, peer, ws: socket } = await open(transport);
    const stream = socket.createMessageStream();
    const failed = once(stream, 'error');
    stream.write('begun');
    await turn();
    await peer.send(frame('close', Buffer.from([0x0f, 0xa4])));
    expect((await failed)[0].code).toBe('WS_ERR_MESSAGE_INTERRUPTED');
    expect(closeCodeOf(await peer.until(isClosed))).toBe(0x0fa4);
    peer.end();
    await once(socket, 'close');
  });

  test('after a protocol error of the peer nothing of a message follows the close frame', async () => {
    const { frame, peer, ws: socket } = await open(transport);
    const stream = socket.createMessageStream();
    const failed = once(stream, 'error');
    stream.write('begun');
    await turn();
    await peer.send(frame(5));
    await failed;
    stream.on('error', () => {});
    stream.write('more');
    const bytes = await peer.until(isClosed);
    expect(closeCodeOf(bytes)).toBe(1002);
    await turn();
    expect(framesOf(peer.received).at(-1).opcode).toBe(8);
    peer.end();
    await once(socket, 'close');
  });

  test.each([
    ['terminate()', ({ ws: socket }) => socket.terminate()],
    ['a peer that goes', ({ peer }) => peer.socket.destroy()]
  ])('%s in the middle destroys streams, and calls back', async (_, end) => {
    const made = await open(transport);
    made.peer.socket.pause();
    const stream = made.ws.createMessageStream();
    const waiting = made.ws.createMessageStream();
    const errors = Promise.all([once(stream, 'error'), once(waiting, 'error')]);
    const written = new Promise((resolve) => stream.write(Buffer.alloc(MUCH), resolve));
    await turn();
    await turn();
    const closed = once(made.ws, 'close');
    end(made);
    await closed;
    // The Duplex of the test says that what its socket has dropped was written.
    const error = await written;
    if (transport !== 'duplex') expect(isNativeError(error)).toBe(true);
    for (const [reason] of await errors) expect(isNativeError(reason)).toBe(true);
    expect(stream.destroyed && waiting.destroyed).toBe(true);
  });

  test('sendStream() resolves when all was taken, and rejects with what the source throws', async () => {
    const { peer, ws: socket } = await open(transport);
    await socket.sendStream(Readable.from(['a', 'b', 'c']));
    await socket.sendStream([Buffer.from('d'), 'e']);
    await socket.sendStream(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array([102]));
          controller.close();
        }
      })
    );
    await expect(
      socket.sendStream(
        (async function* () {
          yield* [];
          throw new Error('nothing');
        })()
      )
    ).rejects.toThrow('nothing');
    let isFinished = false;
    await expect(
      socket.sendStream(
        (async function* () {
          try {
            yield 'begun';
            await turn();
            await turn();
            throw new Error('broken');
          } finally {
            isFinished = true;
          }
        })()
      )
    ).rejects.toThrow('broken');
    expect(isFinished).toBe(true);
    const bytes = await peer.until(isClosed);
    const messages = messagesOf(
      framesOf(bytes).filter(({ payload }) => String(payload) !== 'begun')
    );
    expect(messages.map(({ data, kind }) => [kind, String(data)]).slice(0, 3)).toEqual([
      ['text', 'abc'],
      ['binary', 'de'],
      ['binary', 'f']
    ]);
    expect(closeCodeOf(bytes)).toBe(1011);
  });
});

test('halves of characters in two strings are one', async () => {
  const { peer, ws: socket } = await open('port');
  const stream = socket.createMessageStream();
  for (const half of ['\ud83d', '\ude00', 'x\ud83d']) {
    stream.write(half);
    await turn();
  }
  stream.end();
  socket.createMessageStream().end('6162', 'hex');
  socket.send('end');
  const messages = messagesOf(framesOf(await peer.until(hasText('end'))));
  expect(messages.map(({ data, kind }) => [kind, String(data)])).toEqual([
    ['text', '\u{1f600}x\ufffd'],
    ['binary', 'ab'],
    ['text', 'end']
  ]);
});

test('what is written in small pieces does not come to more frames than a peer takes', async () => {
  const server = await startServer({}, async (peer) => {
    const stream = peer.createMessageStream();
    for (let i = 0; i < 50_000; i++) stream.write('x');
    stream.end();
    peer.on('message', () => peer.close());
  });
  const client = new ws.WebSocket(`ws://127.0.0.1:${server.port}`, { maxFragments: 10 });
  const [data, isBinary] = await once(client, 'message');
  expect([data.length, isBinary]).toEqual([50_000, false]);
  client.send('got it');
  await once(client, 'close');
});

test('pieces keep the context of compression, in place and by the thread pool', async () => {
  const server = await startServer({ perMessageDeflate: true }, async (peer) => {
    peer.on('error', () => {});
    for (let i = 0; i < 3; i++) {
      peer.send('between');
      const stream = peer.createMessageStream();
      stream.write(Buffer.alloc(200_000, 'abcdefgh'));
      await turn();
      stream.write(Buffer.alloc(1000, 'abcdefgh'));
      stream.end(Buffer.alloc(100_000, 'abcdefgh'));
    }
    peer.close();
  });
  const client = new ws.WebSocket(`ws://127.0.0.1:${server.port}`);
  const got = [];
  client.on('message', (data) => got.push(data));
  await once(client, 'close');
  expect(got.map(({ length }) => length)).toEqual([7, 301_000, 7, 301_000, 7, 301_000]);
  expect(got[5].equals(Buffer.alloc(301_000, 'abcdefgh'))).toBe(true);
});

test('a stream that is destroyed while a piece is compressed ends with a close frame alone', async () => {
  const { peer, ws: socket } = await open('port', { perMessageDeflate: true });
  const stream = socket.createMessageStream();
  stream.on('error', () => {});
  stream.write(randomBytes(1_000_000));
  await turn();
  stream.destroy(new Error('no more'));
  const bytes = await peer.until(isClosed);
  const frames = framesOf(bytes);
  expect(frames.at(-1).opcode).toBe(8);
  expect(frames.slice(0, -1).every(({ fin }) => !fin)).toBe(true);
  peer.end();
  await once(socket, 'close');
});

test('a close frame that waits for a stream leaves, if that is destroyed', async () => {
  const { peer, ws: socket } = await open('port', { perMessageDeflate: true });
  const stream = socket.createMessageStream();
  stream.on('error', () => {});
  stream.write(randomBytes(1_000_000));
  await turn();
  stream.end('more');
  socket.close(1001);
  stream.destroy(new Error('no more'));
  const last = framesOf(await peer.until(isClosed)).at(-1);
  expect([last.opcode, last.payload.readUInt16BE(0)]).toEqual([8, 1001]);
  peer.end();
  await once(socket, 'close');
});

test('an AbortSignal destroys it', async () => {
  const { ws: socket } = await open('port');
  const controller = new AbortController();
  const stream = socket.createMessageStream({ signal: controller.signal });
  const failed = once(stream, 'error');
  controller.abort();
  expect((await failed)[0].name).toBe('AbortError');
  const late = socket.createMessageStream({ signal: controller.signal });
  expect((await once(late, 'error'))[0].name).toBe('AbortError');
  await expect(socket.sendStream(['x'], { signal: controller.signal })).rejects.toThrow();
  expect(socket.readyState).toBe(socket.OPEN);
});

test('a source that gives what is no chunk, or is none, is refused', async () => {
  const { peer, ws: socket } = await open('port');
  await expect(socket.sendStream([1])).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  for (const source of [undefined, null, 'text', Buffer.from('x'), {}, 7]) {
    await expect(socket.sendStream(source)).rejects.toThrow(
      'The source must be an async iterable or a ReadableStream'
    );
  }
  socket.send('end');
  await peer.until(hasText('end'));
});

test('a Readable of any kind is a source, and so is one that has ended', async () => {
  const { peer, ws: socket } = await open('port');
  await socket.sendStream(Readable.from(['object', ' ', 'mode'], { objectMode: true }));
  const ended = Readable.from([]);
  ended.resume();
  await once(ended, 'end');
  await socket.sendStream(ended);
  await expect(
    socket.sendStream(Readable.from([{ no: 'chunk' }], { objectMode: true }))
  ).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  const broken = new PassThrough();
  broken.destroy();
  await expect(socket.sendStream(broken)).rejects.toMatchObject({
    code: 'ERR_STREAM_PREMATURE_CLOSE'
  });
  socket.send('end');
  const messages = messagesOf(framesOf(await peer.until(hasText('end'))));
  expect(messages.map(({ data }) => String(data))).toEqual(['object mode', '', 'end']);
});

test('chunks of a Readable leave as they are, not as copies in which several are one', async () => {
  const { peer, ws: socket } = await open('port');
  const source = new PassThrough();
  const sizes = [70_000, 80_000, 90_000];
  for (const size of sizes) source.write(Buffer.alloc(size));
  source.end();
  await turn();
  await socket.sendStream(source);
  socket.send('end');
  const [message] = messagesOf(framesOf(await peer.until(hasText('end'))));
  expect(message.sizes.filter((size) => size > 0)).toEqual(sizes);
});

test('a source that is waited for is not, when the connection is lost', async () => {
  const { ws: socket } = await open('port');
  const source = new PassThrough();
  const sent = socket.sendStream(source);
  const other = socket.sendStream(
    new ReadableStream({ pull: () => new Promise(() => {}) }, { highWaterMark: 0 })
  );
  const results = Promise.allSettled([sent, other]);
  socket.terminate();
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(source.destroyed).toBe(true);
});

test('within fragments, while connecting and after close() there is none', async () => {
  const { WebSocket } = require('../..');
  const { ws: socket } = await open('port');
  socket.send('first', { fin: false });
  expect(() => socket.createMessageStream()).toThrow('The message before is not finished');
  socket.send('last');
  socket.close();
  const [error] = await once(socket.createMessageStream(), 'error');
  expect(error.message).toBe('WebSocket is not open: readyState 2 (CLOSING)');
  await expect(socket.sendStream(['x'])).rejects.toThrow('readyState 2 (CLOSING)');
  const client = new WebSocket('ws://127.0.0.1:1');
  client.on('error', () => {});
  expect(() => client.createMessageStream()).toThrow('readyState 0 (CONNECTING)');
  await new Promise((resolve) => client.on('close', resolve));
});

test('whoever has put something in the place of close() loses the connection', async () => {
  const { ws: socket } = await open('port');
  socket.close = () => {};
  const stream = socket.createMessageStream();
  stream.write('begun');
  await turn();
  stream.destroy();
  const [code] = await once(socket, 'close');
  expect(code).toBe(1006);
});
