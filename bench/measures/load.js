'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const { jsonLike } = require('../clients/json_like');
const { WSUV } = require('../contestants');
const { built, compile, hold, spawnClient, spawnOn, startServer } = require('../processes');

/**
 * @typedef {Object} Load
 * @property {Number} connections
 * @property {Number} inFlight messages a connection
 * @property {Number} size bytes of a message
 * @property {String} kind text or binary (an echo); fan-out: every message goes to all connections;
 *     handshake: every message is a connection that is opened and closed
 * @property {Number} warmUp seconds
 * @property {Number} seconds
 * @property {String} [on] where the server listens: port (default), http or https
 * @property {(Object|Boolean)} [compression] the server's perMessageDeflate
 * @property {Boolean} [ofClient] whether the client is what is measured
 * @property {Number} [idle] further connections, which do nothing
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
 * Measures one server (or client) under one load.
 *
 * @param {Contestant} contestant
 * @param {Load} load
 * @param {function(Number)} [onStart] gets the server's process id when what is measured begins
 * @return {Promise<Object>} rate (messages a second), cpu (microseconds of the measured process a
 *     message); and where the load comes from load_generator.cc, p50, p90, p99, p999 (microseconds)
 */
async function measureLoad(contestant, load, onStart) {
  const { idle = 0, ofClient = false } = load;
  const server = await startServer(ofClient ? WSUV : contestant, load, ofClient ? 1 : 0);
  const idlers = idle > 0 ? await hold(server.port, idle, 0, false) : undefined;
  const client = spawnLoad(contestant, server.port, load);
  let before;
  let after;
  let result;
  for await (const line of readline.createInterface({ input: client.stdout })) {
    if (line === 'start') {
      before = server.cpu();
      onStart?.(server.pid);
    } else if (line === 'end') after = server.cpu();
    else result = JSON.parse(line);
  }
  if (result === undefined) {
    await server.stop();
    throw new Error('the load failed');
  }
  const { messages, seconds, cpu: clientCpu, ...latencies } = result;
  const cpu = ofClient ? clientCpu : (await after) - (await before);
  idlers?.kill();
  await server.stop();
  return { rate: messages / seconds, cpu: cpu / messages, ...latencies };
}

module.exports = { measureLoad };
