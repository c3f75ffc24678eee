'use strict';

// The processes of a measurement: a server on one core, and what loads it on another.

const { execFileSync, fork, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');
const { setTimeout: delay } = require('timers/promises');

const { LIMIT } = require('./contestants');

/** Where compiled programs and results go. */
const built = path.join(__dirname, '..', 'build', 'bench');
const hasTwoCores = os.cpus().length > 1 && process.platform === 'linux';

// Milliseconds.
const START_TIMEOUT = 15_000;

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
    execFileSync(process.env.CXX || 'c++', ['-std=c++17', '-O2', '-o', target, file], {
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

/** A server of servers/echo.js in a process of its own. */
class JavaScriptServer {
  /**
   * @param {Contestant} contestant
   * @param {Load} load
   * @param {Number} core
   */
  static async start(contestant, { kind = 'text', on = 'port', compression = false }, core) {
    const server = new JavaScriptServer();
    server._process = fork(
      path.join(__dirname, 'servers', 'echo.js'),
      [contestant.package, kind, on, JSON.stringify(compression)],
      inProduction
    );
    const timer = setTimeout(() => server._process.kill('SIGKILL'), START_TIMEOUT);
    const [answer] = await Promise.race([
      once(server._process, 'message'),
      once(server._process, 'exit')
    ]);
    clearTimeout(timer);
    if (answer?.port === undefined)
      throw new Error(`A server of ${contestant.name} does not start`);
    server.port = answer.port;
    pin(server._process.pid, core);
    return server;
  }

  get pid() {
    return this._process.pid;
  }

  async _ask(what) {
    this._process.send(what);
    const [answer] = await once(this._process, 'message');
    return answer;
  }

  /** CPU microseconds since the start, user and system. */
  async cpu() {
    const { cpu } = await this._ask('cpu');
    return cpu.user + cpu.system;
  }

  /**
   * Resident bytes, after two collections, and when V8 has given back what they have freed, which it
   * does on threads of its own.
   *
   * @param {Number} idle seconds to wait before: after ten or so, V8 counts no allocations of its
   *     last seconds and gives back what it has grown by
   */
  async resident(idle) {
    await delay(idle * 1000);
    await this._ask('collect');
    await delay(300);
    await this._ask('collect');
    await delay(300);
    const { rss } = await this._ask('memory');
    return rss;
  }

  async stop() {
    this._process.disconnect();
    await once(this._process, 'exit');
  }
}

/** The program that does what the kernel is needed for, and nothing else; see servers/limit.cc. */
class LimitServer {
  static async start({ kind, size }, core) {
    const server = new LimitServer();
    const mode = ['fan-out', 'handshake'].includes(kind) ? kind : 'echo';
    server._process = spawnOn(core, compile('servers/limit.cc'), [mode, size ?? 0]);
    server._lines = readline.createInterface({ input: server._process.stdout });
    const [port] = await once(server._lines, 'line');
    server.port = Number(port);
    return server;
  }

  get pid() {
    return this._process.pid;
  }

  async cpu() {
    this._process.stdin.write('\n');
    const [line] = await once(this._lines, 'line');
    return Number(line);
  }

  async stop() {
    this._process.stdin.end();
    await once(this._process, 'exit');
  }
}

/**
 * @param {Contestant} contestant
 * @param {Load} load
 * @param {Number} [core]
 * @return {Promise<(JavaScriptServer|LimitServer)>}
 */
function startServer(contestant, load, core = 0) {
  return contestant === LIMIT
    ? LimitServer.start(load, core)
    : JavaScriptServer.start(contestant, load, core);
}

module.exports = { built, compile, hold, inProduction, spawnClient, spawnOn, startServer };
