'use strict';

const { fork, execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');

const root = path.join(__dirname, '..');
const generator = path.join(root, 'build', 'bench', 'load_generator');

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

// With two cores or more, the server has one to itself and the load another.
function pinned(core, command, args) {
  return os.cpus().length > 1 && process.platform === 'linux'
    ? ['taskset', ['-c', String(core), command, ...args]]
    : [command, args];
}

/**
 * Measures one server under one load.
 *
 * @param {String} name the package: ws or wsuv
 * @param {{connections: Number, inFlight: Number, size: Number, kind: String, warmUp: Number,
 *     seconds: Number}} load
 * @return {Promise<Object>} rate (messages a second), cpu (microseconds of the server a message),
 *     p50, p90, p99, p999 (microseconds)
 */
async function measureEcho(name, load) {
  const server = fork(path.join(__dirname, 'servers', 'echo.js'), [name, load.kind], {
    env: { ...process.env, NODE_ENV: 'production' }
  });
  const [{ port }] = await once(server, 'message');
  if (process.platform === 'linux' && os.cpus().length > 1) {
    execFileSync('taskset', ['-acp', '0', String(server.pid)], { stdio: 'ignore' });
  }
  const askCpu = async () => {
    server.send('cpu');
    const [{ cpu }] = await once(server, 'message');
    return cpu.user + cpu.system;
  };
  const args = [
    port,
    load.connections,
    load.inFlight,
    load.size,
    load.warmUp,
    load.seconds,
    load.kind
  ].map(String);
  const client = spawn(...pinned(1, generator, args), { stdio: ['ignore', 'pipe', 'inherit'] });
  let before;
  let after;
  let result;
  for await (const line of readline.createInterface({ input: client.stdout })) {
    if (line === 'start') before = askCpu();
    else if (line === 'end') after = askCpu();
    else result = JSON.parse(line);
  }
  if (result === undefined) throw new Error(`The load on ${name} failed`);
  const cpu = (await after) - (await before);
  server.disconnect();
  await once(server, 'exit');
  const { messages, seconds, ...latencies } = result;
  return { rate: messages / seconds, cpu: cpu / messages, ...latencies };
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

module.exports = { buildGenerator, measureEcho, medians };
