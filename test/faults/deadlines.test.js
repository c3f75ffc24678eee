'use strict';

// A deadline runs from the time at which it is set, and what has come in time counts.

const { SITES } = require('../helpers/sites');
const { rightUnder, rightUnderBoth } = require('../helpers/scenario');

const file = require.resolve('./scenarios/deadlines');

for (const site of SITES) {
  const args = { args: { site } };
  rightUnderBoth(
    `what is sent and closed at the end of a long turn on ${site} arrives whole`,
    file,
    'closeAtEndOfLongTurn',
    (result) => expect(result).toEqual({ got: true, code: 1000, clientCode: 1000 }),
    args
  );
  // ws looks at its timer first.
  rightUnder(
    'wsuv',
    `a close frame that came while a long turn kept ${site} busy is in time`,
    file,
    'closingHandshakeDuringLongTurn',
    (code) => expect(code).toBe(1000),
    args
  );
  rightUnderBoth(
    `a refusal at the end of a long turn on ${site} arrives whole`,
    file,
    'refusalAtEndOfLongTurn',
    (result) => expect(result).toEqual({ head: 'HTTP/1.1 401', isWhole: true }),
    args
  );
  rightUnderBoth(
    `what is sent at the end of a long turn on ${site} is activity`,
    file,
    'activityAtEndOfLongTurn',
    (timeouts) => expect(timeouts).toBe(0),
    args
  );
}

for (const site of ['port', 'http']) {
  const args = { args: { site } };
  rightUnderBoth(
    `a request head that came while a long turn kept ${site} busy is in time`,
    file,
    'headDuringLongTurn',
    (line) => expect(line).toBe('HTTP/1.1 101 Switching Protocols'),
    args
  );
}
