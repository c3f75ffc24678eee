'use strict';

// What is measured, in groups of rows.

const withoutTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true };
const sharedDeflate = { shared: true, serverNoContextTakeover: true, threshold: 0 };

function echo(connections, inFlight, size, more = {}) {
  return { connections, inFlight, size, kind: 'binary', ...more };
}

function compressed(size, inFlight, compression = true) {
  return echo(50, inFlight, size, { kind: 'text', compression });
}

function fanOut(size, inFlight, compression = false) {
  return { connections: 1000, inFlight, size, compression, kind: 'fan-out' };
}

/**
 * @typedef {Object} Group
 * @property {String} title
 * @property {String} unit of the figure that counts
 * @property {String} measure load, memory or start; see measures.js
 * @property {Boolean} [withLimit] whether servers/limit.cc can do the work
 * @property {Boolean} [withRivals] whether the rivals can
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
  start: {
    title: 'A server with no connections',
    unit: 'time to load the package, and memory',
    measure: 'start',
    loads: [{}]
  }
};

function sizeOf(bytes) {
  if (bytes >= 1024 * 1024) return `${bytes / 1024 / 1024} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

/**
 * What a load is, in a few words.
 *
 * @param {Load} load
 * @return {String} empty where there is but one
 */
function titleOf(load) {
  const { compression = false, connections, idle, inFlight, kind, messages, on, size } = load;
  const parts = [];
  if (kind === 'handshake') parts.push('handshake and close');
  else if (size !== undefined) parts.push(`${sizeOf(size)}${kind === 'text' ? ' text' : ''}`);
  if (inFlight !== undefined && kind !== 'handshake') parts.push(`${inFlight} in flight`);
  if (connections !== undefined) parts.push(`${connections.toLocaleString('en')} connections`);
  if (idle !== undefined) parts.push(`${idle.toLocaleString('en')} idle`);
  if (load.ofClient) parts.push('the client');
  else if (on !== undefined) parts.push(`on ${on}`);
  if (compression.shared) parts.push('compressed, shared');
  else if (compression.serverNoContextTakeover) parts.push('compressed, no takeover');
  else if (compression) parts.push('compressed');
  if (messages > 0) parts.push('used');
  return parts.join(', ');
}

module.exports = { GROUPS, titleOf };
