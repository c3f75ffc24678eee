'use strict';

// What JavaScript checked a moment ago may be another thing by now.

const { compared, rightUnder, rightUnderBoth } = require('../helpers/scenario');
const { KINDS } = require('./scenarios/lengths');

const file = require.resolve('./scenarios/lengths');

function isWellFormed({ rest, served, frames }) {
  expect(rest).toBe(0);
  expect(served).toBe(true);
  for (const { opcode, length } of frames) {
    if (opcode >= 8) expect(length).toBeLessThanOrEqual(125);
  }
}

for (const kind of KINDS) {
  for (const behindBlob of [false, true]) {
    const how = `bytes that are ${kind}${behindBlob ? ' behind a Blob' : ''}`;
    compared(
      `close() with ${how} sends the reason that it was given`,
      file,
      'changingBytes',
      (actual, expected) => {
        isWellFormed(actual);
        expect(actual).toEqual(expected);
      },
      { args: { site: 'port', method: 'close', kind, behindBlob } }
    );
    for (const method of ['ping', 'send']) {
      // ws sends what the bytes are when their turn comes, whatever their length.
      rightUnder(
        'wsuv',
        `${method}() with ${how} sends well-formed frames`,
        file,
        'changingBytes',
        isWellFormed,
        { args: { site: 'port', method, kind, behindBlob } }
      );
    }
  }
}

for (const where of ['receiver', 'stream']) {
  rightUnderBoth(
    `a setter on Array.prototype that takes the chunk away while a ${where} reads it corrupts nothing`,
    file,
    'settersOnArrays',
    (result) => expect(result).toEqual({ changed: 0 }),
    { args: { where } }
  );
}

rightUnderBoth(
  'a Buffer.allocUnsafe() that gives too little corrupts nothing',
  file,
  'settersDuringOutput',
  (result) => expect(result).toBe('survived')
);

for (const kind of ['detach', 'throw']) {
  rightUnderBoth(
    `a generateMask() that does ${kind} corrupts nothing`,
    file,
    'maskingKeys',
    (result) => expect(result).toBe(true),
    { args: { kind } }
  );
}
