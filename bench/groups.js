'use strict';

// What is measured, in groups of rows.

const withoutTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true };
const sharedDeflate = { shared: true, serverNoContextTakeover: true, threshold: 0 };

// In the largest unit that leaves no fraction.
function sizeOf(bytes) {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / 1024 / 1024} MiB`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024} KiB`;
  return `${bytes.toLocaleString('en')} B`;
}

function echo(connections, inFlight, size, more = {}) {
  return { connections, inFlight, size, kind: 'binary', ...more };
}

function compressed(size, inFlight, compression = true) {
  return echo(50, inFlight, size, { kind: 'text', compression });
}

function fanOut(size, inFlight, compression = false) {
  return { connections: 1000, inFlight, size, compression, kind: 'fan-out' };
}

const ATTACKS = {
  none: 'nobody attacks',
  messages: 'a flood of messages of one byte',
  pings: 'pings, 50 at a time on 20 connections',
  'ping-floods': 'more pings than are answered',
  pongs: 'a flood of pongs',
  fragments: 'messages of 1,000 fragments',
  bombs: 'bombs: 270 bytes that inflate to 250 KB',
  large: 'messages of 100 MB, echoed',
  'slow-heads': '500 requests that never end',
  'blank-heads': 'requests full of blanks',
  storm: 'connections opened and dropped, 300 at a time',
  'slow-readers': '50 who read nothing of a broadcast'
};

function attack(name, more = {}) {
  const title = [ATTACKS[name], more.maxPayload && `maxPayload ${sizeOf(more.maxPayload)}`];
  return {
    title: title.filter(Boolean).join(', '),
    kind: 'abuse',
    attack: name,
    connections: 200,
    rate: 2000,
    ...more
  };
}

function counted(load, warmUpMessages = 50_000, countedMessages = 20_000) {
  return { ...load, warmUpMessages, countedMessages };
}

function burst(connections, command, title, compression = false) {
  return { connections, burst: command, burstTitle: title, kind: 'both', compression };
}

function salvo(work) {
  return { connections: 50, inFlight: 1, size: 20, kind: 'salvo', work };
}

// Just below and just above what makes a difference in src/ and lib/: frame headers (126, 64 KiB),
// messages put into JavaScript's memory at once (512), text on the stack and the threshold of
// compression (1,024), messages with a buffer of their own and blocks of the write queue (16 KiB with
// a header), payloads that are read and written directly, and compressed on other threads (64 KiB),
// what makes a queue leave early (128 KiB), the largest pooled blocks (160 KiB), a read (256 KiB).
const SWEPT_SIZES = [
  20, 511, 1025, 8192, 16300, 16400, 32768, 65535, 65536, 131000, 163840, 262145, 1048576
];
const SWEPT_KINDS = {
  'echo, 1 in flight': (size) => echo(20, 1, size),
  'echo, 8 in flight': (size) => echo(20, 8, size),
  'to 200': (size) => ({ connections: 200, inFlight: 1, size, kind: 'fan-out' })
};
const SWEPT_PLACES = {
  'on a port': {},
  'on http': { on: 'http' },
  'on https': { on: 'https' },
  compressed: { compression: true }
};
const QUICK_SIZES = [20, 32768, 262145];

/** Every size in every way; of it, --quick measures a few. */
function sweep(places) {
  const loads = [];
  for (const place of places) {
    for (const [kind, makeLoad] of Object.entries(SWEPT_KINDS)) {
      const column = places.length > 1 ? `${kind}, ${place}` : kind;
      for (const size of SWEPT_SIZES) {
        const load = { ...makeLoad(size), ...SWEPT_PLACES[place], line: sizeOf(size), column };
        const isQuick =
          place === 'on a port' ? QUICK_SIZES.includes(size) : size === 32768 && kind === 'to 200';
        loads.push({ ...load, isQuick });
      }
    }
  }
  return loads;
}

/**
 * @typedef {Object} Group
 * @property {String} title
 * @property {String} unit of the figure that counts
 * @property {String} measure see measures/index.js
 * @property {Boolean} [withLimit] whether servers/limit.cc can do the work
 * @property {Boolean} [withRivals] whether the rivals can
 * @property {Boolean} [alone] whether wsuv is measured without ws
 * @property {Boolean} [onRequest] whether it is measured only when it is asked for
 * @property {Boolean} [hasChart] whether a chart says more than the table; true if missing
 * @property {String} [table] how: figures (a line for each figure that is compared, the default),
 *     contestants (a line for each of them), or matrix (of ratios)
 * @property {Number} [runs] if other than the measure's
 * @property {{warmUp: Number, seconds: Number}} [times] if other than usual
 * @property {Load[]} loads
 */

/** @type {Object<String, Group>} */
const GROUPS = {
  echo: {
    title: 'Echo',
    unit: 'CPU microseconds of the server a message',
    measure: 'load',
    withLimit: true,
    withRivals: true,
    loads: [
      echo(100, 1, 20),
      echo(100, 32, 20),
      echo(100, 32, 20, { kind: 'text' }),
      echo(50, 8, 1024),
      echo(50, 8, 16 * 1024),
      echo(50, 1, 256 * 1024),
      echo(50, 1, 4 * 1024 * 1024)
    ]
  },
  'fan-out': {
    title: 'One message to 1,000 connections',
    unit: 'CPU microseconds of the server a delivery',
    measure: 'load',
    withLimit: true,
    loads: [fanOut(100, 1), fanOut(100, 8), fanOut(1024, 1)]
  },
  transports: {
    title: 'Echo of 20 bytes in other places',
    unit: 'CPU microseconds a message',
    measure: 'load',
    loads: [
      echo(100, 1, 20, { on: 'http' }),
      echo(100, 32, 20, { on: 'http' }),
      echo(100, 1, 20, { on: 'https' }),
      echo(100, 32, 20, { on: 'https' }),
      echo(100, 1, 20, { ofClient: true }),
      echo(100, 32, 20, { ofClient: true })
    ]
  },
  compression: {
    title: 'Compressed messages (permessage-deflate)',
    unit: 'CPU microseconds of the server a message',
    measure: 'load',
    loads: [
      ...[256, 1024, 16 * 1024, 1024 * 1024].flatMap((size) => [
        compressed(size, 1),
        compressed(size, 8)
      ]),
      compressed(1024, 8, withoutTakeover),
      fanOut(1024, 1, sharedDeflate)
    ]
  },
  connections: {
    title: 'Connections opened and closed, and connections that do nothing',
    unit: 'CPU microseconds of the server',
    measure: 'load',
    withLimit: true,
    loads: [
      { connections: 50, inFlight: 1, size: 0, kind: 'handshake' },
      { connections: 50, inFlight: 1, size: 0, kind: 'handshake', on: 'http' },
      echo(100, 1, 20),
      echo(100, 1, 20, { idle: 15000 })
    ]
  },
  memory: {
    title: 'Memory of idle connections',
    unit: 'resident bytes of the server a connection',
    measure: 'memory',
    loads: [
      // Each with a listener for 'message', as most programs have.
      { connections: 10000, kind: 'binary' },
      { connections: 10000, kind: 'binary', on: 'http' },
      { connections: 5000, kind: 'binary', messages: 1, compression: true },
      { connections: 5000, kind: 'binary', messages: 1, compression: withoutTakeover }
    ]
  },
  'memory-burst': {
    title: 'Memory of connections that are idle again after a burst',
    unit: 'resident bytes of the server a connection',
    measure: 'burst',
    table: 'contestants',
    hasChart: false,
    loads: [
      burst(5000, 'publish 100', 'a broadcast of 100 B'),
      burst(1000, 'echo 65536', 'an echo of 64 KiB on each'),
      burst(5000, 'echo 2000', 'an echo of 2 KB on each', true),
      burst(1200, 'echo 70000', 'an echo of 70 kB on each', true)
    ]
  },
  'memory-slow-readers': {
    title: 'Memory of a broadcast to those who do not read',
    unit: 'MiB that the server grows by, and has ten seconds after they are gone',
    measure: 'slowReaders',
    hasChart: false,
    loads: [
      {
        title: '16 messages of 1 MiB to 50 slow readers',
        connections: 50,
        messages: 16,
        size: 1024 * 1024,
        kind: 'both'
      }
    ]
  },
  'memory-garbage': {
    title: 'What messages allocate in JavaScript',
    unit: 'bytes of the young generation a message, and its collections',
    measure: 'garbage',
    hasChart: false,
    loads: [echo(100, 1, 20), echo(100, 32, 20), echo(50, 8, 1024), fanOut(100, 8)]
  },
  latency: {
    title: 'Answers when 50 ask at once',
    unit: 'milliseconds to the answer',
    measure: 'latency',
    table: 'contestants',
    hasChart: false,
    loads: [salvo(1), salvo(0.1), salvo(0)]
  },
  abuse: {
    title: '200 well-behaved connections with 2,000 messages a second, beside an attacker',
    unit: 'milliseconds to their answers and to open connections, MiB that the server grows by',
    measure: 'abuse',
    table: 'contestants',
    hasChart: false,
    loads: [
      attack('none'),
      attack('messages'),
      attack('pings'),
      attack('ping-floods'),
      attack('pongs'),
      attack('fragments'),
      attack('bombs', { compression: true }),
      attack('bombs', { compression: true, maxPayload: 256 * 1024 }),
      attack('large'),
      attack('slow-heads'),
      attack('blank-heads'),
      attack('storm'),
      attack('slow-readers')
    ]
  },
  sweep: {
    title: 'Messages of all sizes',
    unit: "CPU of the server, in parts of ws's; above 0.8 in bold",
    measure: 'load',
    runs: 3,
    times: { warmUp: 0.3, seconds: 1 },
    table: 'matrix',
    hasChart: false,
    loads: sweep(Object.keys(SWEPT_PLACES))
  },
  // The short form of sweep.
  cliffs: {
    title: 'What messages of all sizes make the kernel do',
    unit: 'page faults, and calls of read and write, a message',
    measure: 'counts',
    alone: true,
    onRequest: true,
    times: { warmUp: 0.2, seconds: 0.3 },
    table: 'counts',
    hasChart: false,
    loads: sweep(['on a port'])
  },
  // Of small messages: copying is counted by its instructions, which is not what it costs.
  instructions: {
    title: 'What a message makes the server execute',
    unit: 'instructions a message, without those of the kernel',
    measure: 'instructions',
    onRequest: true,
    loads: [
      counted(echo(100, 1, 20)),
      counted(echo(100, 32, 20)),
      counted(echo(100, 32, 20, { kind: 'text' })),
      counted(echo(50, 8, 1024)),
      counted({ ...fanOut(100, 1), connections: 200 }),
      counted({ connections: 50, inFlight: 1, size: 0, kind: 'handshake' }, 1000, 500)
    ]
  },
  start: {
    title: 'A server with no connections',
    unit: 'time to load the package, and memory',
    measure: 'start',
    loads: [{}]
  }
};

/**
 * What a load is, in a few words.
 *
 * @param {Load} load
 * @return {String} empty where there is but one
 */
function titleOf(load) {
  const { compression = false, connections, idle, inFlight, kind, messages, on, size } = load;
  if (load.title !== undefined) return load.title;
  if (load.column !== undefined) return `${load.line}, ${load.column}`;
  const parts = [];
  if (kind === 'handshake') parts.push('handshake and close');
  else if (size !== undefined) parts.push(`${sizeOf(size)}${kind === 'text' ? ' text' : ''}`);
  if (inFlight !== undefined && kind !== 'handshake') parts.push(`${inFlight} in flight`);
  if (connections !== undefined) parts.push(`${connections.toLocaleString('en')} connections`);
  if (idle !== undefined) parts.push(`${idle.toLocaleString('en')} idle`);
  if (load.work !== undefined) parts.push(`each computes for ${load.work} ms`);
  if (load.ofClient) parts.push('the client');
  else if (on !== undefined) parts.push(`on ${on}`);
  if (compression.shared) parts.push('compressed, shared');
  else if (compression.serverNoContextTakeover) parts.push('compressed, no takeover');
  else if (compression) parts.push('compressed');
  if (messages > 0) parts.push('used');
  if (load.burst !== undefined) parts.push(`after ${load.burstTitle}`);
  return parts.join(', ');
}

module.exports = { GROUPS, titleOf };
