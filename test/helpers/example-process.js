'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');

const examples = path.join(__dirname, '..', '..', 'examples');

/**
 * Runs a server of examples/ around the tests of a file or a block, at any free port.
 *
 * @param {String} file
 * @return {function(): String} gives its URL
 */
function exampleProcess(file) {
  let child;
  let url;
  let output = '';
  let errors = '';
  beforeAll(async () => {
    child = spawn(process.execPath, [path.join(examples, file)], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    const exit = once(child, 'exit').then(() => Promise.reject(new Error(errors)));
    exit.catch(() => {});
    const lines = readline.createInterface({ input: child.stdout });
    const [line] = await Promise.race([once(lines, 'line'), exit]);
    [, url] = /listening at (\S+)/.exec(line);
  });
  afterAll(async () => {
    // It has served until now, and had nothing to complain about.
    expect([child.exitCode, child.signalCode, errors]).toEqual([null, null, '']);
    const exit = once(child, 'exit');
    child.kill();
    await exit;
  });
  return () => url.replace('localhost', '127.0.0.1');
}

module.exports = { exampleProcess };
