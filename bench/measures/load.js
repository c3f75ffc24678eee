'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const { jsonLike } = require('../clients/json_like');
const { WSUV } = require('../contestants');
const { built, compile, hold, spawnClient, spawnOn } = require('../processes');
const { startServer } = require('../server-process');

/**
 * @typedef {Object} Load
 * @property {Number} connections
 * @property {Number} inFlight messages a connection
 * @property {Number} size bytes of a message
 * @property {String} kind text or binary (an echo); fan-out: every message goes to all connections;
 *     handshake: every message is a connection that is opened and closed; salvo: all connections
 *     send a message at once, and again when all have their answer; others are those of
 *     servers/handlers.js
 * @property {Number} warmUp seconds
 * @property {Number} seconds
 * @property {String} [on] where the server listens: port (default), http or https
 * @property {(Object|Boolean)} [compression] the server's perMessageDeflate
 * @property {Number} [maxPayload] the server's
 * @property {Boolean} [ofClient] whether the client is what is measured
 * @property {Number} [idle] further connections, which do nothing
 * @property {Number} [work] milliseconds that a handler computes
 */

function payloadFile(size) {
  const file = path.join(built, `payload-${size}`);
  fs.writeFileSync(file, jsonLike(size));
  return file;
}

// What makes the load: load_generator.cc, or where that cannot do it, a client in JavaScript.
function spawnLoad(contestant, port, load) {
  const { on, compression, kind, ofClient, size } = load;
  const numbers = [load.connections, load.inFlight, size, load.warmUp, load.seconds];
  const isEcho = kind === 'text' || kind === 'binary';
  if (isEcho && (ofClient || compression)) {
    const url = `ws://127.0.0.1:${port}`;
    const client = ofClient ? contestant : WSUV;
    const args = [client.package, url, ...numbers, kind, Boolean(compression)];
    return spawnClient(ofClient ? 0 : 1, 'echo.js', args);
  }
  if (on === 'https') return spawnClient(1, 'raw_tls.js', [port, ...numbers, kind]);
  const generator = compile('load/load_generator.cc');
  return compression
    ? spawnOn(1, generator, [port, ...numbers, `${kind}-compressed`, payloadFile(size)])
    : spawnOn(1, generator, [port, ...numbers, kind]);
}

/**
 * Runs a load against one server (or client).
 *
 * @param {Contestant} contestant
 * @param {Load} load
 * @param {Object} [options]
 * @param {String} [options.watch] what the server watches meanwhile; see servers/gauges.js
 * @param {function(JavaScriptServer)} [options.onStart] called when what is measured begins
 * @param {function(JavaScriptServer)} [options.onEnd] called when it ends
 * @return {Promise<Object>} messages and seconds; cpu, microseconds of what is measured; latencies
 *     (p10, p50, p90, p99, p999, in microseconds) where load_generator.cc was the load; seen, what
 *     the server has watched
 */
async function runLoad(contestant, load, { watch, onStart, onEnd } = {}) {
  const { idle = 0, ofClient = false } = load;
  const server = await startServer(ofClient ? WSUV : contestant, load, ofClient ? 1 : 0);
  try {
    const idlers = idle > 0 ? await hold(server.port, idle, 0, false) : undefined;
    const client = spawnLoad(contestant, server.port, load);
    let before;
    let after;
    let seen;
    let result;
    for await (const line of readline.createInterface({ input: client.stdout })) {
      if (line === 'start') {
        before = server.cpu();
        if (watch !== undefined) await server.read({ watch });
        onStart?.(server);
      } else if (line === 'end') {
        after = server.cpu();
        onEnd?.(server);
        if (watch !== undefined) seen = await server.read();
      } else {
        result = JSON.parse(line);
      }
    }
    idlers?.kill();
    if (result === undefined) throw new Error(`The load of ${contestant.name} failed`);
    const { messages, seconds, cpu: clientCpu, ...latencies } = result;
    if (messages === 0) throw new Error(`${contestant.name} answered nothing in ${seconds} s`);
    const cpu = ofClient ? clientCpu : (await after) - (await before);
    return { messages, seconds, cpu, latencies, seen };
  } finally {
    await server.stop();
  }
}

/**
 * Measures one server (or client) under one load.
 *
 * @param {Contestant} contestant
 * @param {Load} load
 * @param {function(JavaScriptServer)} [onStart] called when what is measured begins
 * @return {Promise<Object>} rate (messages a second), cpu (microseconds of the measured process a
 *     message); and where the load comes from load_generator.cc, p50, p90, p99, p999 (microseconds)
 */
async function measureLoad(contestant, load, onStart) {
  const { messages, seconds, cpu, latencies } = await runLoad(contestant, load, { onStart });
  return { rate: messages / seconds, cpu: cpu / messages, ...latencies };
}

/**
 * Measures when answers come, and how long the server's event loop was kept.
 *
 * @param {Contestant} contestant
 * @param {Load} load
 * @return {Promise<Object>} ms10, ms50, ms99: milliseconds that a tenth, half, nearly all of the
 *     answers take; longestDelay of the event loop, milliseconds
 */
async function measureLatency(contestant, load) {
  const { latencies, seen } = await runLoad(contestant, load, { watch: 'delay' });
  return {
    ms10: latencies.p10 / 1000,
    ms50: latencies.p50 / 1000,
    ms99: latencies.p99 / 1000,
    longestDelay: seen.longestDelay
  };
}

/**
 * Measures what a message allocates in V8's young generation.
 *
 * @param {Contestant} contestant
 * @param {Load} load
 * @return {Promise<Object>} young (bytes a message), collections (in a million messages)
 */
async function measureGarbage(contestant, load) {
  const { messages, seen } = await runLoad(contestant, load, { watch: 'garbage' });
  const { young, collections } = seen;
  return { young: young / messages, collections: (collections / messages) * 1e6 };
}

/**
 * Counts what a message makes the kernel do, which does not depend on what else the machine does.
 *
 * @param {Contestant} contestant
 * @param {Load} load
 * @return {Promise<Object>} faults: pages that were touched for the first time; calls of read() and
 *     write(); a message each
 */
async function measureCounts(contestant, load) {
  let before;
  let after;
  const { messages } = await runLoad(contestant, load, {
    onStart: (server) => (before = server.counts()),
    onEnd: (server) => (after = server.counts())
  });
  return {
    faults: (after.faults - before.faults) / messages,
    calls: (after.calls - before.calls) / messages
  };
}

module.exports = { measureCounts, measureGarbage, measureLatency, measureLoad };
