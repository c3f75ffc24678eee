'use strict';

// An 'error' handler that throws, where a fault and the end of the connection come together, keeps no
// connection from ending.

const { spawnSync } = require('child_process');
const path = require('path');

const file = path.join(__dirname, 'helpers', 'throwing-errors-process.js');
const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
const results = stdout === '' ? [] : Object.entries(JSON.parse(stdout));

const ends = { readyState: 3, clients: 0, thrown: ['of the handler'] };
const BAD = 'WS_ERR_INVALID_OPCODE';
const expected = {
  'a bad frame, of nodejs-websocket': { log: [BAD, 1002], readyState: 2, outStream: null },
  'a reset, of nodejs-websocket': { log: ['ECONNRESET', 1006], outStream: null },
  'the same, where a listener of the Receiver throws before anything is done about it': {
    log: [1006],
    thrown: ['of the listener']
  }
};

test('all of them are tried', () => {
  expect(results.length > 0 ? '' : stderr).toBe('');
  expect(results).toHaveLength(7);
});

test.each(results)('%s', (name, result) => {
  expect(result).toEqual({ ...ends, log: [BAD, 1006], ...expected[name] });
});
