'use strict';

const { spawn } = require('child_process');
const path = require('path');
const readline = require('readline');

/**
 * Starts test/helpers/line-clients.js, with all the descriptors that may be had.
 *
 * @return {{lines: String[], tell: function(String), end: function()}} what it has answered, and how
 *     to tell it something more
 */
function clientProcess() {
  const script = path.join(__dirname, 'line-clients.js');
  const child = spawn(
    '/bin/sh',
    ['-c', 'ulimit -n $(ulimit -Hn); exec "$0" "$1"', process.execPath, script],
    { stdio: ['pipe', 'pipe', 'inherit'] }
  );
  const lines = [];
  readline.createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    lines,
    tell: (line) => child.stdin.write(`${line}\n`),
    end: () => child.stdin.end()
  };
}

module.exports = { clientProcess };
