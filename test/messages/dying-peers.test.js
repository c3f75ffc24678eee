'use strict';

// Peers that end, reset or send another bit at any byte, on every transport, while messages come as
// streams or are iterated over, and streams are sent: whatever has begun ends, once, and nothing is left.

const { closeFrame, deflated, frame: frameOf } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { connectBy, transports } = require('../helpers/transports');

expectNothingLeftOpen();

const AT_ONCE = 10;

const packed = deflated('text, '.repeat(200));

function bytesFor(frame, masked) {
  return Buffer.concat([
    frame('text', 'h\xe9llo, ', { fin: false }),
    frame('ping', 'p'),
    frame('continuation', 'w\xf6rld'),
    frame('text', 'short'),
    frame('binary', Buffer.alloc(30, 9)),
    frame('text', packed.subarray(0, 5), { rsv: 4, fin: false }),
    frame('continuation', packed.subarray(5)),
    closeFrame(1000, 'bye', { masked })
  ]);
}

// What the program does with a connection. Each returns promises of what has to end.
const PROGRAMS = {
  'reads streams, and sends one without end'(ws) {
    const ended = [];
    ws.on('message', (data) => ws.send(data));
    ws.on('stream', (stream) => {
      ended.push(closed(stream));
      stream.on('error', () => {}).on('data', (chunk) => ws.send(chunk));
    });
    async function* source() {
      for (;;) {
        yield 'more and more';
        await new Promise(setImmediate);
      }
    }
    ended.push(ws.sendStream(source()).catch(() => {}));
    return ended;
  },

  'reads no stream until the end'(ws, sent) {
    const ended = [];
    ws.on('stream', (stream) => {
      ended.push(closed(stream));
      stream.on('error', () => {});
      ws.on('close', () => stream.resume());
    });
    const out = ws.createMessageStream();
    out.on('error', () => {}).write('begun, and not ended');
    let isCalled = 0;
    ended.push(
      new Promise((resolve) => ws.send('behind it', () => resolve(isCalled++))),
      closed(out)
    );
    ws.on('close', () => expect(isCalled).toBeLessThanOrEqual(1));
    // Behind a stream that is not read, nobody hears of an end.
    sent.then(async () => {
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
      ws.terminate();
    });
    return ended;
  },

  iterates(ws) {
    const loop = async () => {
      for await (const { data, isBinary } of ws.messages({ highWaterMark: 1 })) {
        await new Promise((resolve) => ws.send(data, { binary: isBinary }, resolve));
      }
    };
    return [loop().catch(() => {})];
  },

  'iterates, and stops in the middle'(ws) {
    const controller = new AbortController();
    const loop = async () => {
      for await (const data of ws) {
        ws.send(data);
        break;
      }
      for await (const { data } of ws.messages({ signal: controller.signal })) {
        ws.send(data);
        controller.abort();
      }
    };
    return [loop().catch(() => {})];
  }
};

const OPTIONS = { perMessageDeflate: true, closeTimeout: 50, maxFrameSize: 7 };

const closed = (emitter) => new Promise((resolve) => emitter.on('close', resolve));

// What the peer sends, and how it goes then.
const ENDS = {
  end: { change: (bytes, at) => bytes.subarray(0, at), go: (peer) => peer.end() },
  reset: { change: (bytes, at) => bytes.subarray(0, at), go: (peer) => peer.socket.destroy() },
  'another bit': {
    change(bytes, at) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1 << (at % 8);
      return changed;
    },
    go: (peer) => peer.end()
  }
};

async function run(transport, program, at) {
  const isIterated = program.startsWith('iterates');
  const options = { ...OPTIONS, streamThreshold: isIterated ? 0 : 10 };
  const { ws, peer, frame, masked, stop } = await connectBy(transport, options);
  let closes = 0;
  ws.on('error', () => {}).on('close', () => closes++);
  const isClosed = closed(ws);
  const { change, go } = Object.values(ENDS)[at % 3];
  const sent = peer.send(change(bytesFor(frame, masked), at));
  const ended = PROGRAMS[program](ws, sent);
  await sent;
  const gone = go(peer);
  await isClosed;
  await Promise.all(ended);
  peer.socket.destroy();
  await gone;
  await stop();
  await new Promise(setImmediate);
  return { closes, readyState: ws.readyState };
}

const { length } = bytesFor(frameOf, true);

describe.each(transports)('by %s', (transport) => {
  test.each(Object.keys(PROGRAMS))('a program that %s', async (program) => {
    // The frames of a server have no masking keys.
    const count = transport === 'client' ? length - 8 * 4 : length;
    for (let at = 0; at < count; at += AT_ONCE) {
      const positions = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => at + i);
      const results = await Promise.all(positions.map((one) => run(transport, program, one)));
      for (const result of results) expect(result).toEqual({ closes: 1, readyState: 3 });
    }
  });
});
