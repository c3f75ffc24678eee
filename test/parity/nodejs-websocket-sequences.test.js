'use strict';

// Calls and frames by chance, in whatever state a connection of nodejs-websocket is: the same with both
// packages, and what comes of them is compared. SEQUENCES says how many of each kind are tried.

const { closeFrame, frame, parseFrames } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { Random } = require('../stress/random');
const {
  accepting,
  endSocket,
  original,
  own,
  startRaw,
  startServer,
  stopServer,
  until
} = require('./nodejs-websocket');
const { attempt, plain } = require('./parity');

expectNothingLeftOpen();

const SEQUENCES = Number(process.env.SEQUENCES || 40);
const FRAGMENTATION = 10;

// What both can do. What is deliberately different (docs/nodejs-websocket.md) is left out: wrong values,
// frames that are wrong or come behind a close frame.

const CLOSES = [
  [],
  [1000],
  [1005],
  [4000, 'reason'],
  [1001, ''],
  [3000, null],
  [4999, 'é'],
  [1000, 5]
];

const CALLS = {
  sendText: (random) => [text(random)],
  sendTextBytes: (random) => [text(random)],
  sendBinary: (random) => [text(random)],
  send: (random) => [text(random), random.oneIn(2)],
  sendNothing: (random) => [random.of([5, null, undefined, {}])],
  sendPing: (random) => [random.of([undefined, '', 'ping', 'é'])],
  begin: () => [],
  write: (random) => [text(random)],
  end: (random) => [random.of([undefined, 'the end'])],
  close: (random) => random.of(CLOSES)
};
const CALL_WEIGHTS = {
  sendText: 6,
  sendTextBytes: 2,
  sendBinary: 4,
  send: 4,
  sendNothing: 1,
  sendPing: 3,
  begin: 4,
  write: 6,
  end: 4,
  close: 1
};

function text(random) {
  return random.of(['', 'a', 'é€😀', 'x'.repeat(FRAGMENTATION), 'y'.repeat(200)]);
}

function makeCall(random) {
  const name = random.weighted(CALL_WEIGHTS);
  return { name, args: CALLS[name](random) };
}

// What the peer sends: some frames in one packet.
const FRAME_WEIGHTS = { text: 6, textInPieces: 3, binary: 4, ping: 3, pong: 2 };
const PACKETS = {
  text: (random) => [['text', text(random)]],
  textInPieces: (random) => [
    ['text', text(random), { fin: false }],
    ...(random.oneIn(2) ? [['ping', 'between']] : []),
    ['continuation', '', { fin: false }],
    ['continuation', text(random)]
  ],
  binary: (random) => [['binary', text(random)]],
  ping: (random) => [['ping', random.of(['', 'x', 'é'])]],
  pong: (random) => [['pong', random.of(['', 'x', 'é'])]],
  // Alone, since what is behind it comes later than in the original.
  binaryInPieces: (random) => [
    ['binary', text(random), { fin: false }],
    ['pong', 'between'],
    ['continuation', text(random)]
  ]
};

function makePacket(random) {
  if (random.oneIn(8)) return PACKETS.binaryInPieces(random);
  const frames = [];
  do frames.push(...PACKETS[random.weighted(FRAME_WEIGHTS)](random));
  while (random.oneIn(2));
  return frames;
}

function makeScript(seed) {
  const random = new Random(seed);
  const steps = [];
  for (let i = 2 + random.below(12); i > 0; i--) {
    if (random.oneIn(2)) {
      steps.push({ calls: Array.from({ length: 1 + random.below(3) }, () => makeCall(random)) });
    } else {
      const frames = makePacket(random);
      const event = random.of(['text', 'pong', 'binary']);
      // Something is done inside a handler, with the rest of the packet still to come. (Of a binary
      // message in pieces, the rest comes after close(), and in the original does not.)
      const isOpenEnded = frames.some(([type, , options]) => type === 'binary' && options);
      const inside =
        random.oneIn(2) && !isOpenEnded ? { event, call: makeCall(random) } : undefined;
      steps.push({ frames, inside });
    }
  }
  const end = random.of(['close frame', 'end']);
  return { end, close: random.of([[], [1000], [4000, 'bye'], [3000, 'é']]), steps };
}

// The program's end of it.
class Program {
  log = [];
  // When a stream ends, beside the events, is a matter of packets.
  binaries = [];
  connection;
  #stream = null;
  #called = [];
  #inside;

  constructor(connection) {
    this.connection = connection;
    const { log } = this;
    const note = (event, ...args) => {
      // The original tells of each call of close(), and of errors of a socket that was closed.
      const isOver = log.some(([name]) => name === 'close');
      if (isOver && (event === 'close' || args[0]?.code !== undefined)) return;
      const state = event === 'close' && args[0] === 1006 ? 'any state' : connection.readyState;
      log.push([event, ...args.map(plain), state]);
      if (this.#inside?.event === event) {
        const { call } = this.#inside;
        this.#inside = undefined;
        this.call(call);
      }
    };
    for (const event of ['connect', 'text', 'pong', 'error', 'close']) {
      connection.on(event, (...args) => note(event, ...args));
    }
    connection.on('binary', (stream) => {
      const chunks = [];
      note('binary');
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => this.binaries.push(String(Buffer.concat(chunks))));
    });
  }

  set inside(inside) {
    this.#inside = inside;
  }

  get called() {
    return this.#called.sort();
  }

  call({ name, args: [value, isBinary] }) {
    const { connection } = this;
    const label = `${this.#called.length} of ${this.log.length}`;
    const callback = (...args) => this.#called.push(`${name} ${label} ${JSON.stringify(args)}`);
    const result = attempt(() => {
      switch (name) {
        case 'sendTextBytes':
          return connection.sendText(Buffer.from(value), callback);
        case 'sendBinary':
          return connection.sendBinary(Buffer.from(value), callback);
        case 'send':
          return connection.send(isBinary ? Buffer.from(value) : value, callback);
        case 'sendNothing':
          return connection.send(value);
        case 'begin':
          return this.#begin();
        case 'write':
          return this.#stream?.write(value);
        case 'end':
          return this.#end(value);
        case 'close':
          return connection.close(value, isBinary);
        default:
          return connection[name](value, callback);
      }
    });
    const { outStream, readyState } = connection;
    this.log.push([name, plain(result), readyState, readyState < 2 && outStream === this.#stream]);
  }

  #begin() {
    const stream = this.connection.beginBinary();
    if (stream !== undefined) this.#stream = stream;
    return stream;
  }

  #end(value) {
    const stream = this.#stream;
    this.#stream = null;
    stream?.end(value);
    return undefined;
  }
}

// Runs a script. `peer` sends bytes, and ends.
async function play(program, script, peer) {
  const { connection, log } = program;
  // In the original the state is none in the end.
  const isClosed = () => !(connection.readyState < connection.CLOSED);
  const isOver = () => log.some(([name]) => name === 'close');
  let settled = 0;
  // All that was sent has come: pongs do as long as no close frame has.
  const settle = async () => {
    const label = `settled ${settled++}`;
    peer.send(frame('pong', label, peer.options));
    await until(
      () => isClosed() || log.some(([name, payload]) => name === 'pong' && payload === label)
    );
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  };
  for (const { calls, frames, inside } of script.steps) {
    // Once the socket has ended, there is no connection to compare.
    if (isClosed()) break;
    log.push(['step']);
    if (calls !== undefined) {
      for (const call of calls) program.call(call);
    } else {
      program.inside = inside;
      const bytes = frames.map(([type, payload, options]) =>
        frame(type, payload, { ...options, ...peer.options })
      );
      peer.send(Buffer.concat(bytes));
    }
    if (isClosed()) break;
    await settle();
    program.inside = undefined;
  }
  if (script.end === 'close frame' && !isClosed()) {
    peer.send(closeFrame(...withDefaults(script.close), peer.options));
    await until(isOver);
  }
  await peer.end();
  await until(isOver);
}

const withDefaults = ([code, reason = '']) => [code, reason];

// Pongs apart from the rest: beside a stream that finishes in the next tick, they are not in one order.
function framesOf(bytes) {
  const { frames, rest } = parseFrames(bytes);
  const all = frames.map((one) => ({ ...one, payload: String(one.payload) }));
  const pongs = all.filter(({ opcode }) => opcode === 10);
  return { pongs, others: all.filter(({ opcode }) => opcode !== 10), rest: String(rest) };
}

const seenBy = ({ binaries, called, log }) => ({ binaries, called, log });

async function onServer(lib, script) {
  let program;
  const { server, port } = await startServer(lib, (connection) => {
    program = new Program(connection);
  });
  const client = new RawClient(port);
  client.socket.setNoDelay(true);
  await client.upgrade();
  await until(() => program !== undefined);
  await play(program, script, {
    options: {},
    send: (bytes) => client.socket.writable && client.socket.write(bytes),
    end: () => client.end()
  });
  const left = server.connections.length;
  await stopServer(server);
  return { ...seenBy(program), frames: framesOf(client.received), left };
}

async function onClient(lib, script) {
  const server = await startRaw(accepting());
  const connection = lib.connect(`ws://127.0.0.1:${server.address().port}/`);
  const program = new Program(connection);
  await new Promise((resolve) => connection.on('connect', resolve));
  server.client.setNoDelay(true);
  await play(program, script, {
    options: { masked: false },
    send: (bytes) => server.client.writable && server.client.write(bytes),
    end: () => endSocket(server.client)
  });
  await new Promise((resolve) => server.close(resolve));
  return { ...seenBy(program), frames: framesOf(server.received) };
}

const kinds = { server: onServer, client: onClient };
const seeds = Array.from({ length: SEQUENCES }, (_, i) => i + 1);

describe.each(Object.keys(kinds))('of a %s', (kind) => {
  afterEach(() => {
    for (const lib of [original, own]) lib.setBinaryFragmentation(512 * 1024);
  });

  test.each(seeds)('sequence %i', async (seed) => {
    const script = makeScript(seed);
    const results = [];
    for (const lib of [original, own]) {
      lib.setBinaryFragmentation(FRAGMENTATION);
      results.push(await kinds[kind](lib, script));
    }
    const [expected, actual] = results;
    expect(actual).toEqual(expected);
    expect(expected.log.at(-1)).toBeDefined();
  });
});
