'use strict';

// Whatever error the network gives a connection (a peer that is gone without a word, a route that is
// lost), it is told with its cause, as under ws.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { resultOf } = require('../helpers/scenario');

const file = require.resolve('./scenarios/errors');
const source = path.join(__dirname, 'errno.c');
const library = path.join(__dirname, '..', '..', 'build', 'faults', 'errno.so');

const isLinux = process.platform === 'linux';

beforeAll(() => {
  if (!isLinux) return;
  fs.mkdirSync(path.dirname(library), { recursive: true });
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-o', library, source]);
});

const ERRORS = ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'ECONNABORTED'];

describe.each(isLinux ? ['port', 'http', 'client'] : [])('%s', (kind) => {
  for (const error of ERRORS) {
    test.each(['read', 'write'])(`a %s fails with ${error}`, async (call) => {
      const options = { args: { kind, error, call }, env: { LD_PRELOAD: library } };
      const expected = await resultOf(file, 'tell', 'ws', options);
      expect(JSON.stringify(expected)).toContain(`${call} ${error}`);
      expect(await resultOf(file, 'tell', 'wsuv', options)).toEqual(expected);
    });
  }
});
