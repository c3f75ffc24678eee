'use strict';

const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');
const zlib = require('zlib');

const { built, compile, spawnOn } = require('../processes');
const { startServer } = require('../server-process');

const MIB = 1024 * 1024;
// The text that a bomb is when it is inflated, in bytes.
const BOMB_SIZE = 250_000;

// A compressed message of some 270 bytes, as permessage-deflate has it (RFC 7692 7.2.1).
function bombFile() {
  const file = path.join(built, 'bomb');
  const deflated = zlib.deflateRawSync(Buffer.alloc(BOMB_SIZE, 'b'), {
    finishFlush: zlib.constants.Z_SYNC_FLUSH
  });
  fs.mkdirSync(built, { recursive: true });
  fs.writeFileSync(file, deflated.subarray(0, -4));
  return file;
}

/** Attacks a port until it is stopped. */
class Attacker {
  #process;
  #closed;
  #begin = performance.now();
  #units = 0;

  constructor(port, kind) {
    const args = kind === 'bombs' ? [port, kind, bombFile()] : [port, kind];
    this.#process = spawnOn(1, compile('load/attacker.cc'), args);
    // Or the faster a server answers the attacker, the longer the well-behaved wait for the processor
    // that they share with him.
    os.setPriority(this.#process.pid, os.constants.priority.PRIORITY_LOW);
    this.#closed = once(this.#process, 'close');
    readline.createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#units = Number(line);
    });
  }

  /** @return {Promise<Number>} what it did, a second */
  async stop() {
    const seconds = (performance.now() - this.#begin) / 1000;
    this.#process.kill('SIGKILL');
    const [code] = await this.#closed;
    if (code !== null) throw new Error('The attacker has given up');
    return this.#units / seconds;
  }
}

/**
 * Measures how a server serves its well-behaved users while somebody attacks it.
 *
 * @param {Contestant} contestant
 * @param {Load} load whose `attack` says how; see load/attacker.cc
 * @return {Promise<Object>} of the well-behaved: ms50, ms99, ms999 (milliseconds to an answer),
 *     open50, open99 (milliseconds until a new connection is open), lost (connections that the
 *     server closed, or refused); of the server: peak (MiB that it grew by meanwhile), longestDelay
 *     (of its event loop, milliseconds); of the attack: rate (messages, requests or connections a
 *     second)
 */
async function measureAbuse(contestant, load) {
  const { attack, connections, rate, seconds, warmUp } = load;
  const server = await startServer(contestant, load);
  let attacker;
  try {
    const numbers = [connections, rate, warmUp, seconds];
    const args = [server.port, ...numbers];
    const neighbours = spawnOn(1, compile('load/neighbours.cc'), args);
    let before;
    let attacks;
    let result;
    for await (const line of readline.createInterface({ input: neighbours.stdout })) {
      if (line === 'open') {
        before = await server.read({ watch: 'delay' });
        server.forgetPeak();
        attacker = new Attacker(server.port, attack);
      } else if (line === 'end') {
        attacks = attacker.stop();
      } else if (line !== 'start') {
        result = JSON.parse(line);
      }
    }
    if (result === undefined) throw new Error('The neighbours have given up');
    const peak = server.peak();
    const { longestDelay } = await server.read();
    return {
      ms50: result.p50 / 1000,
      ms99: result.p99 / 1000,
      ms999: result.p999 / 1000,
      open50: result.open50 / 1000,
      open99: result.open99 / 1000,
      lost: result.lost + result.refused,
      peak: (peak - before.rss) / MIB,
      longestDelay,
      rate: await attacks
    };
  } finally {
    await attacker?.stop();
    await server.stop();
  }
}

module.exports = { measureAbuse };
