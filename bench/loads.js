'use strict';

// The loads that servers are put under, and what they are called.

// In the largest unit that leaves no fraction.
function sizeOf(bytes) {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / 1024 / 1024} MiB`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024} KiB`;
  return `${bytes.toLocaleString('en')} B`;
}

/** What is sent comes back. */
function echo(connections, inFlight, size, more = {}) {
  return { connections, inFlight, size, kind: 'binary', ...more };
}

/** An echo of text that compresses well. */
function compressed(size, inFlight, compression = true) {
  return echo(50, inFlight, size, { kind: 'text', compression });
}

/** One message to many. */
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

/** What the well-behaved get beside an attacker; see load/attacker.cc. */
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

/** A load of a certain number of messages. */
function counted(load, warmUpMessages = 50_000, countedMessages = 20_000) {
  return { ...load, warmUpMessages, countedMessages };
}

/** Connections, and what happens on them once; `command` is that of clients/hold.js. */
function burst(connections, command, title, compression = false) {
  return { connections, burst: command, burstTitle: title, kind: 'both', compression };
}

/** So many MiB of one peer go to the server and back. */
function stream(mebibytes, title, compression) {
  return { mebibytes, title, compression, kind: 'stream' };
}

/** All ask at once, and each handler computes for so many milliseconds. */
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

module.exports = {
  attack,
  burst,
  compressed,
  counted,
  echo,
  fanOut,
  salvo,
  stream,
  sweep,
  titleOf
};
