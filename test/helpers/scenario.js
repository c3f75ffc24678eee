'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');

const factor = Number(process.env.WSUV_TEST_TIMEOUT_FACTOR || 1);

// What a scenario may take, with all of a loaded machine's delays.
const TIMEOUT = 90000 * factor;

/**
 * Runs a scenario in a process of its own, since it may crash, hang or take all memory.
 *
 * @param {String} file whose export `name` is the scenario: a function of { lib, implementation,
 *     ...args } that resolves with something that JSON can hold
 * @param {String} name
 * @param {String} implementation ws or wsuv
 * @param {Object} [options]
 * @param {Object} [options.args]
 * @param {Number} [options.descriptors] how many descriptors the process may have open
 * @param {Object} [options.env] variables to add
 * @param {String[]} [options.flags] of Node
 * @param {Number} [options.timeout] in milliseconds
 * @return {Promise<{code: Number, signal: String, stderr: String, result: *, uncaught: String[]}>}
 *     `result` and `uncaught` are undefined where the process ended before it could tell
 */
async function runScenario(file, name, implementation, options = {}) {
  const { args = {}, descriptors, env = {}, flags = [], timeout = TIMEOUT } = options;
  const command = [
    process.execPath,
    '--expose-gc',
    ...flags,
    path.join(__dirname, 'scenario-process.js'),
    file,
    name,
    implementation,
    JSON.stringify(args)
  ];
  if (descriptors !== undefined) {
    command.unshift('/bin/sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh');
  }
  const child = spawn(command[0], command.slice(1), {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc']
  });
  let told = {};
  let stderr = '';
  child.on('message', (message) => (told = { ...told, ...message }));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code, signal, stderr, ...told };
}

/** The result of a scenario whose process ended well, with nothing thrown that nobody caught. */
async function resultOf(file, name, implementation, options) {
  const { result, ...rest } = await runScenario(file, name, implementation, options);
  // `progress` is what the scenario was at when it ended.
  const { progress } = rest;
  expect(rest).toEqual({ code: 0, signal: null, stderr: '', uncaught: [], progress });
  return result;
}

/**
 * Describes two tests of one scenario: that it gives what `check` expects under ws, which is the
 * measure, and under wsuv.
 *
 * @param {String} title
 * @param {String} file
 * @param {String} name
 * @param {function(*, String)} check gets the result, and whose it is
 * @param {Object} [options] see runScenario()
 */
function rightUnderBoth(title, file, name, check, options) {
  rightUnder('ws', title, file, name, check, options);
  rightUnder('wsuv', title, file, name, check, options);
}

/** The same for one of them alone: ws does not always do what is right. */
function rightUnder(implementation, title, file, name, check, options) {
  test(
    `${title} (${implementation})`,
    async () => check(await resultOf(file, name, implementation, options), implementation),
    2 * TIMEOUT
  );
}

/**
 * Describes a test that compares what a scenario gives under wsuv with what it gives under ws.
 *
 * @param {String} title
 * @param {String} file
 * @param {String} name
 * @param {function(*, *)} check gets the results of wsuv and of ws
 * @param {Object} [options] see runScenario()
 */
function compared(title, file, name, check, options) {
  test(
    title,
    async () => {
      const expected = await resultOf(file, name, 'ws', options);
      check(await resultOf(file, name, 'wsuv', options), expected);
    },
    3 * TIMEOUT
  );
}

module.exports = { TIMEOUT, compared, resultOf, rightUnder, rightUnderBoth, runScenario };
