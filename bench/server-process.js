'use strict';

// The servers that are measured, each in a process of its own.

const { fork } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const { setTimeout: delay } = require('timers/promises');

const { LIMIT } = require('./contestants');
const { compile, inProduction, pin, spawnOn } = require('./processes');

// Milliseconds.
const START_TIMEOUT = 60_000;
const ANSWER_TIMEOUT = 20_000;

/**
 * The CPU time of a process, as Linux counts it: the process need not answer for it.
 *
 * @param {Number} pid
 * @return {Number} microseconds, user and system, of all its threads
 */
function cpuOf(pid) {
  const directory = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const thread of fs.readdirSync(directory)) {
    const times = fs.readFileSync(path.join(directory, thread, 'schedstat'), 'utf8');
    nanoseconds += Number(times.split(' ', 1)[0]);
  }
  return nanoseconds / 1000;
}

/** A server in JavaScript: servers/server.js. */
class JavaScriptServer {
  #process;

  /**
   * @param {Contestant} contestant
   * @param {Load} load
   * @param {Number} core
   * @param {String[]} [under] a command that runs Node.js
   */
  static async start(contestant, load, core, under = []) {
    const server = new JavaScriptServer();
    const [execPath, ...execArgv] = [...under, process.execPath, ...inProduction.execArgv];
    const child = (server.#process = fork(
      path.join(__dirname, 'servers', 'server.js'),
      [contestant.package, JSON.stringify(load)],
      { ...inProduction, execPath, execArgv }
    ));
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT);
    const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    clearTimeout(timer);
    if (answer?.port === undefined)
      throw new Error(`A server of ${contestant.name} does not start`);
    server.port = answer.port;
    pin(child.pid, core);
    return server;
  }

  get pid() {
    return this.#process.pid;
  }

  /**
   * What servers/gauges.js knows.
   *
   * @param {{collect: (Boolean|undefined), watch: (String|undefined)}} [how] whether garbage is
   *     collected before, and what is watched from now on
   * @return {Promise<Object>}
   */
  async read(how = {}) {
    this.#process.send(how);
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT);
    const [answer] = await once(this.#process, 'message', { signal });
    return answer;
  }

  /** Its CPU time so far, in microseconds. */
  async cpu() {
    return process.platform === 'linux' ? cpuOf(this.pid) : (await this.read()).cpu;
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
    await this.read({ collect: true });
    await delay(300);
    await this.read({ collect: true });
    await delay(300);
    const { rss } = await this.read();
    return rss;
  }

  /**
   * What the kernel has counted so far. The server need not answer for it.
   *
   * @return {{faults: Number, calls: Number}} pages that were touched for the first time, without
   *     reading from a disk; calls of read() and write()
   */
  counts() {
    const stat = fs.readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // Behind the name, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const io = fs.readFileSync(`/proc/${this.pid}/io`, 'utf8');
    const [, reads, writes] = /syscr: (\d+)\nsyscw: (\d+)/.exec(io);
    return { faults: Number(fields[7]), calls: Number(reads) + Number(writes) };
  }

  /** From now on, the peak is that of what follows. */
  forgetPeak() {
    fs.writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  /** The most that was resident at a time, in bytes. The server need not answer for it. */
  peak() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)[1]) * 1024;
  }

  /** Ends it, whatever it is doing. */
  async stop() {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}

/** The program that does what the kernel is needed for, and nothing else; see servers/limit.cc. */
class LimitServer {
  #process;

  static async start({ kind, size }, core) {
    const server = new LimitServer();
    const mode = ['fan-out', 'handshake'].includes(kind) ? kind : 'echo';
    server.#process = spawnOn(core, compile('servers/limit.cc'), [mode, size ?? 0]);
    const lines = readline.createInterface({ input: server.#process.stdout });
    const [port] = await once(lines, 'line');
    server.port = Number(port);
    return server;
  }

  get pid() {
    return this.#process.pid;
  }

  async cpu() {
    return cpuOf(this.pid);
  }

  async stop() {
    this.#process.stdin.end();
    await once(this.#process, 'exit');
  }
}

/**
 * @param {Contestant} contestant
 * @param {Load} load
 * @param {Number} [core]
 * @param {String[]} [under] a command that runs Node.js
 * @return {Promise<(JavaScriptServer|LimitServer)>}
 */
function startServer(contestant, load, core = 0, under = []) {
  return contestant === LIMIT
    ? LimitServer.start(load, core)
    : JavaScriptServer.start(contestant, load, core, under);
}

module.exports = { startServer };
