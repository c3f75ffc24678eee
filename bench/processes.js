'use strict';

// The processes of a measurement run on a core each: the server on one, what loads it on another.

const { execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');

/** Where compiled programs and results go. */
const built = path.join(__dirname, '..', 'build', 'bench');
const hasTwoCores = os.cpus().length > 1 && process.platform === 'linux';

const inProduction = {
  env: { ...process.env, NODE_ENV: 'production' },
  execArgv: ['--expose-gc']
};

/**
 * Compiles a program, unless the result is newer than what lies beside its source.
 *
 * @param {String} source within bench/
 * @return {String} the executable
 */
function compile(source) {
  const file = path.join(__dirname, source);
  const target = path.join(built, path.basename(source, '.cc'));
  const sources = fs
    .readdirSync(path.dirname(file))
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => fs.statSync(path.join(path.dirname(file), name)).mtimeMs);
  if (!fs.existsSync(target) || fs.statSync(target).mtimeMs <= Math.max(...sources)) {
    fs.mkdirSync(built, { recursive: true });
    const compiler = process.env.CXX || 'c++';
    execFileSync(compiler, ['-std=c++17', '-O2', '-Wall', '-o', target, file], {
      stdio: 'inherit'
    });
  }
  return target;
}

/** Moves a process and its threads to a core, where there are two. */
function pin(pid, core) {
  if (hasTwoCores)
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/**
 * Starts a program on a core.
 *
 * @param {Number} core
 * @param {String} command
 * @param {Array} args
 * @return {ChildProcess} its standard input and output are pipes
 */
function spawnOn(core, command, args) {
  const all = [command, ...args].map(String);
  const [program, ...rest] = hasTwoCores ? ['taskset', '-c', String(core), ...all] : all;
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** The same for a JavaScript file within bench/clients. */
function spawnClient(core, file, args) {
  return spawnOn(core, process.execPath, [path.join(__dirname, 'clients', file), ...args]);
}

/**
 * Starts a client that opens connections, sends some messages on each, and holds them.
 *
 * @param {Number} port
 * @param {Number} connections
 * @param {Number} messages to and fro on each, one after the other
 * @param {Boolean} compresses
 * @return {Promise<ChildProcess>} once all is done
 */
async function hold(port, connections, messages, compresses) {
  const url = `ws://127.0.0.1:${port}`;
  const client = spawnClient(1, 'hold.js', [url, connections, messages, compresses]);
  await once(client.stdout, 'data');
  return client;
}

module.exports = { built, compile, hold, inProduction, pin, spawnClient, spawnOn };
