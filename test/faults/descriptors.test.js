'use strict';

// A process that runs out of descriptors goes on, and recovers when it has some again.

const { SITES } = require('../helpers/sites');
const { rightUnderBoth } = require('../helpers/scenario');

const file = require.resolve('./scenarios/descriptors');

const descriptors = 200;

for (const site of SITES) {
  for (const left of [0, 1, 2]) {
    rightUnderBoth(
      `a server on ${site} that has ${left} descriptors left serves whom it answers, and later everybody`,
      file,
      'serverWithout',
      (result) =>
        expect(result).toEqual({
          spun: false,
          asked: 'asked: true',
          later: 'later: hello',
          descriptors: true
        }),
      { args: { site, left }, descriptors }
    );
  }
}

for (const left of [0, 1, 2]) {
  rightUnderBoth(
    `a client that has ${left} descriptors left works, or gets an error, and later one works`,
    file,
    'clientWithout',
    ({ during, later }) => {
      expect(during).toBe(left === 0 ? 'EMFILE' : 'hello');
      expect(later).toBe('hello');
    },
    { args: { left }, descriptors }
  );
}

rightUnderBoth(
  'handleUpgrade() without a descriptor serves the connection',
  file,
  'upgradeWithout',
  (got) => expect(got).toEqual([1006, 1006, 'hello', 'hello']),
  { descriptors }
);
