'use strict';

const { once } = require('events');

const { hold, spawnClient } = require('../processes');
const { startServer } = require('../server-process');

const MIB = 1024 * 1024;

/**
 * Measures what connections cost in memory.
 *
 * @param {Contestant} contestant
 * @param {{connections: Number, messages: Number, compression: (Object|Boolean), on: String,
 *     idleFor: Number}} load how many connections, how many messages to and fro on each before they
 *     are idle, and for how many seconds
 * @return {Promise<{bytes: Number}>} resident bytes of the server a connection
 */
async function measureMemory(contestant, load) {
  const { connections, messages = 0, compression = false, idleFor } = load;
  const server = await startServer(contestant, load);
  // The first connections warm everything up.
  const first = await hold(server.port, 100, messages, Boolean(compression));
  const before = await server.resident(idleFor);
  const others = await hold(server.port, connections, messages, Boolean(compression));
  const after = await server.resident(idleFor);
  first.kill();
  others.kill();
  await server.stop();
  return { bytes: (after - before) / connections };
}

/**
 * Measures what a burst leaves behind with connections that are idle again.
 *
 * @param {Contestant} contestant
 * @param {{connections: Number, burst: String, compression: (Object|Boolean), idleFor: Number,
 *     backFor: Number}} load the burst is a command of clients/hold.js; the connections are idle for
 *     `idleFor` seconds before, and for `backFor` seconds after it
 * @return {Promise<Object>} resident bytes of the server a connection: bytes before the burst,
 *     peakBytes in it, leftBytes after it; kept, these in parts of the first
 */
async function measureBurst(contestant, load) {
  const { backFor, burst, compression = false, connections, idleFor } = load;
  const server = await startServer(contestant, load);
  const doBurst = async (client) => {
    client.stdin.write(`${burst}\n`);
    await once(client.stdout, 'data');
  };
  // The first connections warm everything up, and so does their burst.
  const first = await hold(server.port, 100, 0, Boolean(compression));
  await doBurst(first);
  const before = await server.resident(idleFor);
  const others = await hold(server.port, connections, 0, Boolean(compression));
  const idle = await server.resident(idleFor);
  server.forgetPeak();
  await doBurst(others);
  const peak = server.peak();
  // When V8 does that by itself depends on what else the program does.
  await server.read({ collect: true });
  const after = await server.resident(backFor);
  first.kill();
  others.kill();
  await server.stop();
  const perConnection = (resident) => (resident - before) / connections;
  return {
    bytes: perConnection(idle),
    peakBytes: perConnection(peak),
    leftBytes: perConnection(after),
    kept: (after - before) / (idle - before)
  };
}

/**
 * Measures what waits for those who do not read, and what is left of it when they have gone.
 *
 * @param {Contestant} contestant
 * @param {{connections: Number, messages: Number, size: Number, idleFor: Number, backFor: Number}}
 *     load how many readers, and what is published to them
 * @return {Promise<Object>} peak and left: MiB that the server grew by
 */
async function measureSlowReaders(contestant, load) {
  const { backFor, connections, idleFor, messages, size } = load;
  const server = await startServer(contestant, load);
  const before = await server.resident(idleFor);
  server.forgetPeak();
  const args = [server.port, connections, messages, size];
  const readers = spawnClient(1, 'slow_readers.js', args);
  await once(readers.stdout, 'data');
  const peak = server.peak();
  readers.kill();
  const after = await server.resident(backFor);
  await server.stop();
  return { peak: (peak - before) / MIB, left: (after - before) / MIB };
}

module.exports = { measureBurst, measureMemory, measureSlowReaders };
