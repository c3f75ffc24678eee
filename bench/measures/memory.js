'use strict';

const { hold, startServer } = require('../processes');

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

module.exports = { measureMemory };
