'use strict';

// A message that comes as a stream and leaves by sendStream(), with nobody else who looks at it: its
// pieces are passed on without either stream, through memory that is used again.

const EventEmitter = require('events');
const { Readable, Writable } = require('stream');
const { text } = require('stream/consumers');
const zlib = require('zlib');

const { IncomingStreams } = require('../../lib/messages/incoming-streams');
const native = require('../../lib/native/addon');
const { MessageStream } = require('../../lib/sending/message-stream');
const { kOnPiece, kOnStream } = require('../../lib/symbols');
const { parseFrames } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { connectBy, transports } = require('../helpers/transports');

expectNothingLeftOpen();

const FRAME = 48 * 1024;
const OPTIONS = { streamThreshold: 1024, perMessageDeflate: false };

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function turns(count) {
  for (let i = 0; i < count; i++) await turn();
}

// No part of it is like another one.
function numbered(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 8) bytes.write(String(at).padStart(8), at, 'latin1');
  return bytes;
}

// The frames of a message, with something between them where `between` gives it.
function framesOf(made, data, between = () => undefined, kind = 'binary') {
  const count = Math.ceil(data.length / FRAME);
  const frames = [];
  for (let i = 0; i < count; i++) {
    const payload = data.subarray(i * FRAME, (i + 1) * FRAME);
    const extra = between(i);
    if (extra !== undefined) frames.push(extra);
    frames.push(made.frame(i === 0 ? kind : 'continuation', payload, { fin: i === count - 1 }));
  }
  return frames;
}

const isData = ({ opcode }) => opcode <= 2;

// The first message that the peer has got, when it has.
async function messageAt(peer) {
  const isWhole = (bytes) => parseFrames(bytes).frames.some((it) => isData(it) && it.fin);
  const frames = parseFrames(await peer.until(isWhole)).frames.filter(isData);
  const whole = frames.slice(0, frames.findIndex(({ fin }) => fin) + 1);
  return { opcode: frames[0].opcode, data: Buffer.concat(whole.map(({ payload }) => payload)) };
}

// Compared as one: the bytes of both would be printed.
function expectSame(got, sent) {
  expect(got.length).toBe(sent.length);
  expect(got.equals(sent)).toBe(true);
}

describe.each(transports)('%s', (transport) => {
  let made;
  let lendPieces;
  const lent = () => lendPieces.mock.calls.some(([, isLent]) => isLent);

  beforeEach(async () => {
    lendPieces = jest.spyOn(native, 'lendPieces');
    made = await connectBy(transport, OPTIONS);
  });

  afterEach(async () => {
    lendPieces.mockRestore();
    await made.stop();
  });

  // Echoes the next message, and gives its stream.
  function echoed() {
    return new Promise((resolve) => {
      made.ws.once('stream', (stream, isBinary) => {
        made.stream = stream;
        const sent = made.ws.sendStream(stream, { binary: isBinary });
        resolve({ stream, sent });
      });
    });
  }

  // Sends a message to be echoed, with a ping in the middle, and takes what comes back.
  async function echoWithPing(data) {
    const begun = echoed();
    const frames = framesOf(made, data, (i) => (i === 20 ? made.frame('ping', '') : undefined));
    await made.peer.send(...frames.slice(0, 10));
    await begun;
    await made.peer.send(...frames.slice(10));
    return (await messageAt(made.peer)).data;
  }

  test.each(['binary', 'text'])('%s, as it came', async (kind) => {
    const data = numbered(3 * 1024 * 1024);
    const events = [];
    const begun = echoed();
    await made.peer.send(...framesOf(made, data, undefined, kind).slice(0, 3));
    const { stream, sent } = await begun;
    for (const name of ['end', 'close', 'error']) stream.on(name, () => events.push(name));
    await made.peer.send(...framesOf(made, data, undefined, kind).slice(3));
    const got = await messageAt(made.peer);
    expect(got.opcode).toBe(kind === 'text' ? 1 : 2);
    expectSame(got.data, data);
    await sent;
    await turns(3);
    expect(events).toEqual(['end', 'close']);
    expect(lent()).toBe(true);
    expect(lendPieces.mock.calls.at(-1)).toEqual([expect.any(Number), false]);
  });

  test('one message behind the other, and others between', async () => {
    const data = [1, 2, 3].map((of) => numbered(of * 300 * 1024));
    made.ws.on('message', (message) => made.ws.send(message));
    made.ws.on('ping', (payload) => made.ws.ping(payload));
    made.ws.on('stream', (stream) => made.ws.sendStream(stream));
    for (const each of data) {
      const ping = () => made.frame('ping', 'between');
      await made.peer.send(...framesOf(made, each, ping), made.frame('binary', 'short'));
    }
    const messages = [];
    let whole = [];
    const take = (bytes) => {
      const { frames } = parseFrames(bytes);
      return frames.filter((it) => isData(it) && it.fin).length === 6;
    };
    const { frames } = parseFrames(await made.peer.until(take));
    for (const each of frames.filter(isData)) {
      whole.push(each.payload);
      if (!each.fin) continue;
      messages.push(Buffer.concat(whole));
      whole = [];
    }
    const short = Buffer.from('short');
    const expected = data.flatMap((each) => [each, short]);
    messages.forEach((each, i) => expectSame(each, expected[i]));
  });

  test('who begins to listen in the middle gets the rest, and may keep it', async () => {
    const data = numbered(2 * 1024 * 1024);
    const kept = [];
    made.ws.on('ping', () => {
      const { stream } = made;
      expect(stream.listenerCount('data')).toBe(1);
      stream.on('data', (chunk) => kept.push(chunk));
    });
    expectSame(await echoWithPing(data), data);
    const rest = Buffer.concat(kept);
    expect(rest.length).toBeGreaterThan(data.length / 4);
    expectSame(rest, data.subarray(data.length - rest.length));
    expect(kept.every(({ buffer }) => buffer.byteLength <= 256 * 1024)).toBe(true);
  });

  test.each(['pause', 'readable'])('%s in the middle', async (what) => {
    const data = numbered(2 * 1024 * 1024);
    let isReached = false;
    made.ws.on('ping', async () => {
      isReached = true;
      const { stream } = made;
      if (what === 'readable') stream.on('readable', () => {}).removeAllListeners('readable');
      else stream.pause();
      await turns(5);
      stream.resume();
    });
    expectSame(await echoWithPing(data), data);
    expect(isReached).toBe(true);
  });

  test.each(['stream', 'write'])(
    "a program's own %s in the place of ours sees all",
    async (what) => {
      const data = numbered(1024 * 1024);
      const seen = [];
      const { createMessageStream } = made.ws;
      made.ws.createMessageStream = function (options) {
        const stream = createMessageStream.call(this, options);
        const write = (chunk, ...rest) => {
          seen.push(chunk);
          return Writable.prototype.write.call(stream, chunk, ...rest);
        };
        if (what === 'write') return Object.assign(stream, { write });
        return new Writable({
          final: (callback) => stream.end(callback),
          write: (chunk, encoding, callback) => write(chunk, callback)
        });
      };
      const begun = echoed();
      const frames = framesOf(made, data);
      await made.peer.send(...frames.slice(0, 3));
      const { sent } = await begun;
      await made.peer.send(...frames.slice(3));
      expectSame((await messageAt(made.peer)).data, data);
      await sent;
      expectSame(Buffer.concat(seen), data);
    }
  );

  // Of all streams, as tracers do.
  test.each([
    ['EventEmitter', 'emit'],
    ['IncomingStream', 'emit'],
    ['Readable', 'push'],
    ['Writable', 'write']
  ])('who patches %s.prototype.%s in the middle sees the rest', async (name, method) => {
    const data = numbered(1024 * 1024);
    const begun = echoed();
    const frames = framesOf(made, data, (i) => (i === 10 ? made.frame('ping', '') : undefined));
    await made.peer.send(...frames.slice(0, 3));
    const { stream, sent } = await begun;
    const prototypes = {
      EventEmitter,
      IncomingStream: Object.getPrototypeOf(stream),
      Readable,
      Writable
    };
    const prototype = prototypes[name].prototype ?? prototypes[name];
    const original = prototype[method];
    const seen = [];
    made.ws.on('ping', () => {
      prototype[method] = function (...args) {
        const isOurs = method === 'write' ? this instanceof MessageStream : this === stream;
        const chunk = method === 'emit' ? args[0] === 'data' && args[1] : args[0];
        if (isOurs && chunk) seen.push(chunk);
        return original.apply(this, args);
      };
    });
    try {
      await made.peer.send(...frames.slice(3));
      expectSame((await messageAt(made.peer)).data, data);
      await sent;
    } finally {
      prototype[method] = original;
    }
    const rest = Buffer.concat(seen);
    expect(rest.length).toBeGreaterThan(data.length / 4);
    expectSame(rest, data.subarray(-rest.length));
  });

  test('setEncoding() in the middle', async () => {
    const data = numbered(2 * 1024 * 1024);
    made.ws.on('ping', () => made.stream.setEncoding('hex'));
    const got = await echoWithPing(data);
    const encoded = got.length - data.length;
    expect(encoded).toBeGreaterThan(0);
    expectSame(got.subarray(0, -2 * encoded), data.subarray(0, -encoded));
    expectSame(got.subarray(-2 * encoded), Buffer.from(data.subarray(-encoded).toString('hex')));
  });

  test('to one that is terminated: the source goes on with what follows', async () => {
    const data = numbered(2 * 1024 * 1024);
    const other = await connectBy('port', OPTIONS);
    try {
      const failed = new Promise((resolve) => {
        made.ws.once('stream', (stream) => {
          other.ws.sendStream(stream).catch(() => resolve(stream));
        });
      });
      made.ws.on('ping', () => other.ws.terminate());
      made.ws.on('message', (message) => made.ws.send(message));
      const ping = (i) => (i === 20 ? made.frame('ping', '') : undefined);
      await made.peer.send(...framesOf(made, data, ping), made.frame('binary', 'behind it'));
      expect((await failed).destroyed).toBe(true);
      expectSame((await messageAt(made.peer)).data, Buffer.from('behind it'));
    } finally {
      await other.stop();
    }
  });

  test('a source that dies in the middle: 1011 behind what came', async () => {
    const data = numbered(1024 * 1024);
    const other = await connectBy('port', OPTIONS);
    try {
      const failed = new Promise((resolve) => {
        made.ws.once('stream', (stream) => other.ws.sendStream(stream).catch(resolve));
      });
      made.ws.on('error', () => {});
      await made.peer.send(...framesOf(made, data).slice(0, -2));
      made.peer.end();
      expect(await failed).toBeInstanceOf(Error);
      const isClosed = (bytes) => parseFrames(bytes).frames.some(({ opcode }) => opcode === 8);
      const { frames } = parseFrames(await other.peer.until(isClosed));
      const got = Buffer.concat(frames.filter(isData).map(({ payload }) => payload));
      expectSame(got, data.subarray(0, got.length));
      expect(frames.at(-1).payload.readUInt16BE()).toBe(1011);
    } finally {
      await other.stop();
    }
  });
});

test.each(['port', 'tls'])(
  '%s, to one that does not read: no more is taken in than fits',
  async (transport) => {
    const made = await connectBy(transport, OPTIONS);
    const data = numbered(16 * 1024 * 1024);
    const other = await connectBy('port', OPTIONS);
    try {
      other.peer.socket.pause();
      const stopped = new Promise((resolve) => {
        made.ws.once('stream', (stream) => {
          stream.on('pause', resolve);
          other.ws.sendStream(stream).catch(() => {});
        });
      });
      const sent = made.peer.send(...framesOf(made, data));
      await stopped;
      await turns(20);
      expect(other.ws.bufferedAmount).toBeLessThan(4 * 1024 * 1024);
      other.peer.socket.resume();
      await sent;
      expectSame((await messageAt(other.peer)).data, data);
    } finally {
      await made.stop();
      await other.stop();
    }
  }
);

const finishFlush = zlib.constants.Z_SYNC_FLUSH;
// RFC 7692 7.2.1.
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

const packed = (data) => zlib.deflateRawSync(data, { finishFlush }).subarray(0, -TAIL.length);
const unpacked = (data) => zlib.inflateRawSync(Buffer.concat([data, TAIL]), { finishFlush });

describe.each(transports)('%s, compressed', (transport) => {
  test.each([
    [true, true],
    [true, false],
    [false, true]
  ])('as it comes: %s, as it leaves: %s', async (comes, leaves) => {
    const data = numbered(4 * 1024 * 1024);
    const source = await connectBy(transport, { ...OPTIONS, perMessageDeflate: comes });
    const target = await connectBy(transport, { ...OPTIONS, perMessageDeflate: leaves });
    const lendPieces = jest.spyOn(native, 'lendPieces');
    try {
      source.ws.on('stream', (stream) => target.ws.sendStream(stream));
      source.ws.on('message', (message) => target.ws.send(message, { compress: false }));
      const bytes = comes ? packed(data) : data;
      const frames = framesOf(source, bytes);
      const begin = { rsv: comes ? 4 : 0, fin: frames.length === 1 };
      frames[0] = source.frame('binary', bytes.subarray(0, FRAME), begin);
      await source.peer.send(...frames, source.frame('binary', 'behind it'));
      const got = (await messageAt(target.peer)).data;
      expectSame(leaves ? unpacked(got) : got, data);
      const isAll = (bytes) => parseFrames(bytes).frames.filter((it) => isData(it) && it.fin)[1];
      const last = parseFrames(await target.peer.until(isAll)).frames.at(-1);
      expect(last.payload.toString()).toBe('behind it');
      // What is compressed is gone when it is compressed, and not before.
      const isLent = lendPieces.mock.calls.some(([, isLending]) => isLending);
      expect(isLent).toBe(!leaves);
    } finally {
      lendPieces.mockRestore();
      await source.stop();
      await target.stop();
    }
  });

  test('closed in the middle by whoever sends it on', async () => {
    const data = numbered(8 * 1024 * 1024);
    const source = await connectBy(transport, { ...OPTIONS, perMessageDeflate: true });
    const target = await connectBy('port', { ...OPTIONS, perMessageDeflate: true });
    try {
      const bytes = packed(data);
      const half = bytes.length >> 1;
      const failed = new Promise((resolve) => {
        source.ws.on('stream', (stream) => target.ws.sendStream(stream).catch(resolve));
      });
      await source.peer.send(
        source.frame('binary', bytes.subarray(0, half), { rsv: 4, fin: false })
      );
      const hasBegun = (got) => got.length > 100_000;
      await target.peer.until(hasBegun);
      target.ws.close(1001);
      expect(await failed).toBeInstanceOf(Error);
      const isClosed = (got) => parseFrames(got).frames.some(({ opcode }) => opcode === 8);
      const { frames } = parseFrames(await target.peer.until(isClosed));
      expect(frames.at(-1).opcode).toBe(8);
      const sent = Buffer.concat(frames.filter(isData).map(({ payload }) => payload));
      const got = zlib.inflateRawSync(sent, { finishFlush });
      expectSame(got, data.subarray(0, got.length));
    } finally {
      await source.stop();
      await target.stop();
    }
  });
});

// What waits behind a message that nobody has read yet.
test('memory that is lent is not kept, whatever it has to wait for', async () => {
  const streams = [];
  const endpoint = { [kOnStream]: (stream) => streams.push(stream) };
  const incoming = new IncomingStreams(
    endpoint,
    () => {},
    () => {}
  );
  const lent = Buffer.from('first');
  incoming[kOnPiece](lent, true, true, true, true);
  lent.write('other');
  incoming[kOnPiece](lent, true, true, true, true);
  lent.write('third');
  expect(streams.length).toBe(1);
  expect(await text(streams[0])).toBe('first');
  await turn();
  expect(await text(streams[1])).toBe('other');
});
