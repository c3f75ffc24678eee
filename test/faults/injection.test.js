'use strict';

// System calls and allocations of the addon fail, one after the other, in every scenario: nothing crashes,
// hangs or is left open, no message has wrong bytes, and the next client is served.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { TIMEOUT, resultOf } = require('../helpers/scenario');

const file = require.resolve('./scenarios/injection');
const source = path.join(__dirname, 'inject.c');
const library = path.join(__dirname, '..', '..', 'build', 'faults', 'inject.so');

// The call, its errors ('SHORT': it takes one byte), and from which size on.
const FAULTS = [
  ['accept', ['EMFILE', 'ECONNABORTED', 'EAGAIN']],
  ['dup', ['EMFILE']],
  ['read', ['ECONNRESET', 'EAGAIN', 'ENOMEM', 'SHORT']],
  ['write', ['EPIPE', 'EAGAIN', 'ENOBUFS', 'SHORT']],
  ['shutdown', ['ENOTCONN']],
  ['malloc', ['ENOMEM'], 20000],
  ['mmap', ['ENOMEM'], 0]
];

const SERVERS = ['port', 'http', 'tls', 'compressed', 'client', 'slowReader'];
// (What the first one receives lies in JavaScript's memory.)
const PIECES = ['streams', 'compressedStreams', 'iteration', 'nodejsWebsocket'];
// The scenarios that need memory of a peer's size: the allocator's for what is received, pages for what
// waits to be written.
const NEEDING = {
  malloc: ['port', 'http', 'tls', 'compressed', 'client', 'large', 'receiver', ...PIECES.slice(1)],
  mmap: ['slowReader', 'broadcast']
};

// The preloaded library is for Linux with glibc.
const isLinux =
  process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime;

beforeAll(() => {
  if (!isLinux) return;
  fs.mkdirSync(path.dirname(library), { recursive: true });
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-o', library, source]);
});

function loop(args) {
  return resultOf(file, 'faultLoop', 'wsuv', { args, env: { LD_PRELOAD: library } });
}

// How many calls each scenario makes that can fail, so that none of the loops is an empty one.
const seen = {};

for (const [call, errors, size] of isLinux ? FAULTS : []) {
  for (const scenario of NEEDING[call] ?? [...SERVERS, ...PIECES]) {
    test(
      `${scenario}: ${call} fails with ${errors.join(', ')}`,
      async () => {
        const failures = await loop({ scenario, call, errors, size });
        for (const error of errors) {
          const key = `${call} ${error}`;
          seen[key] = (seen[key] ?? 0) + failures[error];
          if (call in NEEDING) expect(failures[error]).toBeGreaterThan(0);
        }
      },
      2 * TIMEOUT
    );
  }
}

test.each([
  ['socket', 'EMFILE'],
  ['setsockopt', 'EINVAL']
])('listening: %s fails with %s', async (call, error) => {
  if (!isLinux) return;
  const failures = await loop({ scenario: 'listen', call, errors: [error] });
  expect(failures[error]).toBeGreaterThan(0);
});

test('each fault was met by some scenario', () => {
  if (!isLinux) return;
  for (const [call, errors] of FAULTS) {
    for (const error of errors) expect(seen[`${call} ${error}`]).toBeGreaterThan(0);
  }
});
