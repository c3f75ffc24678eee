'use strict';

const { fork } = require('child_process');
const { once } = require('events');
const path = require('path');

/**
 * Runs test/helpers/echo-process.js around the tests of a file or a block.
 *
 * @param {Object} [options] of the server
 * @return {function(): String} gives its URL
 */
function echoProcess(options = {}) {
  let child;
  let port;
  beforeAll(async () => {
    child = fork(path.join(__dirname, 'echo-process.js'), [JSON.stringify(options)]);
    [port] = await once(child, 'message');
  });
  afterAll(async () => {
    child.disconnect();
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([0, null]);
  });
  return () => `ws://127.0.0.1:${port}/`;
}

module.exports = { echoProcess };
