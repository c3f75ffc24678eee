'use strict';

const { fork, execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');

const root = path.join(__dirname, '..');
const generator = path.join(root, 'build', 'bench', 'load_generator');
const hasTwoCores = os.cpus().length > 1 && process.platform === 'linux';

const inProduction = {
  env: { ...process.env, NODE_ENV: 'production' },
  execArgv: ['--expose-gc']
};

/** Builds the load generator, unless it is newer than its source. */
function buildGenerator() {
  const source = path.join(__dirname, 'load_generator.cc');
  if (fs.existsSync(generator) && fs.statSync(generator).mtimeMs > fs.statSync(source).mtimeMs) {
    return;
  }
  fs.mkdirSync(path.dirname(generator), { recursive: true });
  execFileSync(process.env.CXX || 'c++', ['-std=c++17', '-O2', '-o', generator, source], {
    stdio: 'inherit'
  });
}

// With two cores or more, the server has one to itself and the client the other.
function pinned(core, command, args) {
  return hasTwoCores ? ['taskset', ['-c', String(core), command, ...args]] : [command, args];
}

/**
 * @typedef {Object} Load
 * @property {Number} connections
 * @property {Number} inFlight messages a connection
 * @property {Number} size bytes of a message
 * @property {String} kind text, binary, or fan-out: then every message goes to all connections
 * @property {Number} warmUp seconds
 * @property {Number} seconds
 * @property {String} [on] where the server listens: port (default), http or https
 * @property {(Object|Boolean)} [compression] the server's perMessageDeflate
 * @property {Boolean} [ofClient] whether the client is what is measured
 */

// What makes the load: load_generator.cc, or where that cannot do it, a client in JavaScript.
function loadCommand(name, port, load) {
  const { on, compression, kind, ofClient } = load;
  const numbers = [load.connections, load.inFlight, load.size, load.warmUp, load.seconds];
  const inNode = (file, ...args) => [
    process.execPath,
    [path.join(__dirname, 'clients', file), ...args]
  ];
  if (kind === 'fan-out') {
    return inNode('fan_out.js', `ws://127.0.0.1:${port}`, ...numbers, Boolean(compression));
  }
  if (ofClient || compression) {
    return inNode(
      'echo.js',
      ofClient ? name : 'wsuv',
      `ws://127.0.0.1:${port}`,
      ...numbers,
      load.kind,
      Boolean(compression)
    );
  }
  if (on === 'https') return inNode('raw_tls.js', port, ...numbers, load.kind);
  return [generator, [port, ...numbers, load.kind]];
}

/**
 * Measures one package under one load.
 *
 * @param {String} name the package: ws or wsuv
 * @param {Load} load
 * @return {Promise<Object>} rate (messages a second), cpu (microseconds of the measured process a
 *     message); and where the load comes from load_generator.cc, p50, p90, p99, p999 (microseconds)
 */
async function measureEcho(name, load) {
  const { on = 'port', compression = false, ofClient = false } = load;
  const server = fork(
    path.join(__dirname, 'servers', 'echo.js'),
    [ofClient ? 'wsuv' : name, load.kind, on, JSON.stringify(compression)],
    inProduction
  );
  const [{ port }] = await once(server, 'message');
  const serverCore = ofClient ? '1' : '0';
  if (hasTwoCores) {
    execFileSync('taskset', ['-acp', serverCore, String(server.pid)], { stdio: 'ignore' });
  }
  const askCpu = async () => {
    server.send('cpu');
    const [{ cpu }] = await once(server, 'message');
    return cpu.user + cpu.system;
  };
  const [command, args] = loadCommand(name, port, load);
  const client = spawn(...pinned(ofClient ? 0 : 1, command, args.map(String)), {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  let before;
  let after;
  let result;
  for await (const line of readline.createInterface({ input: client.stdout })) {
    if (line === 'start') before = askCpu();
    else if (line === 'end') after = askCpu();
    else result = JSON.parse(line);
  }
  if (result === undefined) throw new Error(`The load on ${name} failed`);
  const { messages, seconds, cpu: clientCpu, ...latencies } = result;
  const cpu = ofClient ? clientCpu : (await after) - (await before);
  server.disconnect();
  await once(server, 'exit');
  return { rate: messages / seconds, cpu: cpu / messages, ...latencies };
}

/**
 * Measures what connections cost in memory.
 *
 * @param {String} name the package: ws or wsuv
 * @param {{connections: Number, messages: Number, compression: (Object|Boolean), on: String}} load
 *     how many connections, and how many messages to and fro on each before they are idle
 * @return {Promise<{bytes: Number}>} resident bytes of the server a connection
 */
async function measureMemory(
  name,
  { connections, messages = 0, compression = false, on = 'port' }
) {
  const server = fork(
    path.join(__dirname, 'servers', 'echo.js'),
    [name, 'text', on, JSON.stringify(compression)],
    inProduction
  );
  const [{ port }] = await once(server, 'message');
  const resident = async () => {
    server.send('collect');
    await once(server, 'message');
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.send('collect');
    const [{ rss }] = await once(server, 'message');
    return rss;
  };
  const hold = async (count) => {
    const client = spawn(
      process.execPath,
      [
        path.join(__dirname, 'clients', 'hold.js'),
        `ws://127.0.0.1:${port}`,
        count,
        messages,
        Boolean(compression)
      ].map(String),
      { stdio: ['ignore', 'pipe', 'inherit'] }
    );
    await once(client.stdout, 'data');
    return client;
  };
  // The first connections warm everything up.
  const first = await hold(100);
  const before = await resident();
  const others = await hold(connections);
  const after = await resident();
  first.kill();
  others.kill();
  server.disconnect();
  await once(server, 'exit');
  return { bytes: (after - before) / connections };
}

/** The median of some numbers. */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Each figure's median over several runs. */
function medians(runs) {
  return Object.fromEntries(
    Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))])
  );
}

module.exports = { buildGenerator, measureEcho, measureMemory, medians };
