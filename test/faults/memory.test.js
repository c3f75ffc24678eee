'use strict';

// A message is its connection's alone: it shows no bytes of others, can be transferred and detached, and
// keeps no more than itself.

const { spawnSync } = require('child_process');

const { SITES } = require('../helpers/sites');
const { compared, rightUnder, rightUnderBoth } = require('../helpers/scenario');

const file = require.resolve('./scenarios/memory');

for (const site of SITES) {
  for (const compressed of [false, true]) {
    // What zlib of Node's inflates into is not cleared.
    const check = compressed ? rightUnder.bind(undefined, 'wsuv') : rightUnderBoth;
    check(
      `${compressed ? 'compressed messages' : 'messages'} on ${site} show only what their own connection sent`,
      file,
      'exposure',
      (seen) => expect(seen).toEqual(Array(8).fill({ bytes: true, secret: false, freed: false })),
      { args: { site, compressed } }
    );
  }

  rightUnderBoth(
    `a handler on ${site} that transfers its message harms nobody else of its poll`,
    file,
    'transferInOnePoll',
    ({ log, kept, answer }) => {
      expect(log).toEqual([
        'another of alice on /alice',
        'bob 1 on /bob',
        'bob 2 on /bob',
        'kept of alice on /alice',
        'to a worker on /mallory'
      ]);
      for (const [text, now] of kept) expect(now).toBe(text);
      expect(kept).toHaveLength(4);
      expect(answer).toBe('HTTP/1.1 101 Switching Protocols');
    },
    { args: { site } }
  );

  rightUnderBoth(
    `nothing is written where a message on ${site} was that a handler has transferred`,
    file,
    'feedAfterTransfer',
    (result) => expect(result).toEqual({ changed: 0, right: true }),
    { args: { site } }
  );

  rightUnderBoth(
    `nothing is written where a message on ${site} was that is transferred between two reads of a poll`,
    file,
    'pollAfterTransfer',
    (result) => expect(result).toEqual({ changed: 0, right: true }),
    { args: { site } }
  );

  for (const inFlight of [1, 32]) {
    compared(
      `messages on ${site} that a program keeps, ${inFlight} of them in flight, pin about what they pin under ws`,
      file,
      'pinned',
      (actual, expected) => {
        expect(actual.kept).toBe(expected.kept);
        expect(actual.pinned).toBeLessThanOrEqual(4 * Math.max(expected.pinned, 0) + 512 * 1024);
      },
      { args: { site, inFlight } }
    );
  }
}

// ws throws out of the stream's 'data' event.
for (const deflate of [false, true]) {
  rightUnder(
    'wsuv',
    `a chunk that a handler transfers while it is read ${deflate ? 'behind compressed messages ' : ''}is not touched any more`,
    file,
    'transferOfChunk',
    (result) => expect(result).toEqual({ changed: 0, got: [deflate ? 2e6 : 5] }),
    { args: { deflate } }
  );
}

// ws waits for the peer.
for (const site of SITES) {
  for (const end of ['close', 'garbage']) {
    rightUnder(
      'wsuv',
      `a handler on ${site} that transfers its message does not keep the ${end} behind it from taking effect`,
      file,
      'endBehindTransfer',
      (code) => expect(code).toBe(end === 'close' ? 1000 : 1006),
      { args: { site, end } }
    );
  }
}

// V8 would end the process, as it does under ws.
const canLimit = spawnSync('prlimit', ['--version']).status === 0;
for (const site of canLimit ? SITES : []) {
  rightUnder(
    'wsuv',
    `a connection on ${site} ends that has sent more than there is memory for, and no other`,
    file,
    'noMemoryForMessage',
    (log) => expect(log).toEqual(['WS_ERR_OUT_OF_MEMORY', 1006, 5]),
    { args: { site } }
  );
}
