'use strict';

// However much a peer sends, a turn of the event loop does a bounded part of it, and what waits stays
// where it is.

const { compared, rightUnder } = require('../helpers/scenario');

const file = require.resolve('./scenarios/floods');

// What a connection may do in a turn: two budgets of 256 handlers or 256 KiB, the last message of
// which may be larger, with some room.
const MOST_EVENTS = 1024;
const MOST_BYTES = 2 * 1024 * 1024;

const KINDS = ['message', 'empty', 'ping', 'pong', 'fragments', 'bomb', 'smallBomb', 'large'];

function isBounded({ events, bytes }) {
  expect(events).toBeLessThanOrEqual(MOST_EVENTS);
  expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
}

for (const [site, kind] of [
  ...KINDS.map((kind) => ['port', kind]),
  ...['http', 'tls'].flatMap((site) => ['message', 'pong', 'smallBomb'].map((kind) => [site, kind]))
]) {
  // libuv reads up to 32 times before it goes on: ws handles 30,000 messages in a turn.
  rightUnder(
    'wsuv',
    `a turn handles a bounded part of a flood of ${kind} on ${site}`,
    file,
    'workOfOneTurn',
    ({ mostEvents, mostBytes }) => isBounded({ events: mostEvents, bytes: mostBytes }),
    { args: { site, kind } }
  );
  rightUnder(
    'wsuv',
    `a neighbour's message does not wait for a flood of ${kind} on ${site}`,
    file,
    'neighbour',
    isBounded,
    { args: { site, kind } }
  );
  rightUnder(
    'wsuv',
    `a peer on ${site} that is terminated in its first message of a flood of ${kind} is silent`,
    file,
    'afterTerminate',
    (events) => expect(events).toBeLessThanOrEqual(MOST_EVENTS),
    { args: { site, kind } }
  );
}

for (const kind of ['message', 'bomb']) {
  compared(
    `others connect during a flood of ${kind} as soon as under ws`,
    file,
    'connectDuringFlood',
    (actual, expected) => {
      expect(actual.bytes).toBeLessThanOrEqual(2 * expected.bytes + 40 * MOST_BYTES);
    },
    { args: { site: 'port', kind } }
  );
}

for (const [kind, count] of [
  ['message', 1000000],
  ['ping', 1000000],
  ['pong', 1000000],
  ['fragments', 20000],
  ['bomb', 2000],
  ['smallBomb', 10000],
  ['large', 5000]
]) {
  compared(
    `a flood of ${kind} takes about the memory that it takes under ws`,
    file,
    'memoryOfFlood',
    (actual, expected) => expect(actual).toBeLessThanOrEqual(2 * Math.max(expected, 0) + 64),
    { args: { site: 'port', kind, count } }
  );
}
