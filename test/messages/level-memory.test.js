'use strict';

const { resultOf } = require('../helpers/scenario');

const FILE = require.resolve('../helpers/echo-streams');
// The minutes that this takes under sanitizers, or on a machine that is busy.
const TIMEOUT = 300_000;

test.each([
  ['as it is', { mebibytes: 1024, perMessageDeflate: false }],
  ['compressed', { mebibytes: 256, perMessageDeflate: true }]
])(
  'a message that is much longer than memory goes both ways %s, and memory stays level',
  async (_, args) => {
    const { got, growth } = await resultOf(FILE, 'echo', 'wsuv', { args, timeout: TIMEOUT });
    expect(got).toBe(args.mebibytes * 1024 * 1024);
    expect(growth).toBeLessThan(16);
  },
  TIMEOUT
);
