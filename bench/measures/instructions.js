'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const { built, spawnClient } = require('../processes');
const { startServer } = require('../server-process');

/**
 * Counts what a message makes the server's process execute, outside of the kernel, with callgrind
 * (Debian: valgrind). It does not depend on what else the machine does; V8 compiles a little
 * otherwise each time, so that a difference of one in a hundred means nothing.
 *
 * @param {Contestant} contestant
 * @param {Load} load with warmUpMessages, and countedMessages
 * @return {Promise<{instructions: Number}>} a message
 */
async function measureInstructions(contestant, load) {
  const { connections, countedMessages, inFlight, kind, size, warmUpMessages } = load;
  const directory = path.join(built, 'callgrind');
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  const server = await startServer(contestant, load, 0, [
    'valgrind',
    '--quiet',
    '--tool=callgrind',
    '--instr-atstart=no',
    `--callgrind-out-file=${path.join(directory, 'out')}`
  ]);
  const control = (...args) =>
    execFileSync('callgrind_control', [...args, String(server.pid)], { stdio: 'ignore' });
  let messages = 0;
  try {
    const numbers = [connections, inFlight, size, warmUpMessages, countedMessages];
    const client = spawnClient(1, 'counted.js', [server.port, ...numbers, kind]);
    for await (const line of readline.createInterface({ input: client.stdout })) {
      if (line === 'start') {
        control('--instr=on');
        client.stdin.write('\n');
      } else {
        control('--dump');
        messages = Number(line);
      }
    }
    if (messages === 0) throw new Error(`The load of ${contestant.name} failed`);
  } finally {
    await server.stop();
  }
  // The process's own file is out; what was dumped is in out.1.
  const dump = fs.readFileSync(path.join(directory, 'out.1'), 'utf8');
  const [, total] = /^(?:totals|summary): (\d+)/m.exec(dump);
  return { instructions: Number(total) / messages };
}

module.exports = { measureInstructions };
