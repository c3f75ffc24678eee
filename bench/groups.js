'use strict';

// What is measured, in groups of rows.

const {
  attack,
  burst,
  compressed,
  counted,
  echo,
  fanOut,
  salvo,
  stream,
  sweep
} = require('./loads');

const withoutTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true };
const sharedDeflate = { shared: true, serverNoContextTakeover: true, threshold: 0 };

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
 * @property {Load[]} loads those with `isQuick: false` are left out with --quick
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
      ...[256, 1024, 16 * 1024].flatMap((size) => [compressed(size, 1), compressed(size, 8)]),
      compressed(1024 * 1024, 1),
      { ...compressed(1024 * 1024, 8), isQuick: false },
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
  streams: {
    title: 'Bytes to and fro, as one message by streams; with ws, by createWebSocketStream()',
    unit: 'a MiB; and MiB that the server grows by',
    measure: 'stream',
    hasChart: false,
    loads: [
      stream(1024, '1 GiB', false),
      stream(1024, '1 GiB, compressed', true),
      { ...stream(10 * 1024, '10 GiB', false), isQuick: false },
      { ...stream(10 * 1024, '10 GiB, compressed', true), isQuick: false }
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
    loads: sweep(['on a port', 'on http', 'on https', 'compressed'])
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
    unit: 'CPU time to load the package, and memory',
    measure: 'start',
    loads: [{}]
  }
};

module.exports = { GROUPS };
