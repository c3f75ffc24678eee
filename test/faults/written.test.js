'use strict';

// Everybody who waits for what was written hears of it.

const { rightUnderBoth } = require('../helpers/scenario');

const file = require.resolve('./scenarios/written');

for (const site of ['port', 'http']) {
  for (const order of [
    ['small', 'write'],
    ['send', 'write'],
    ['write', 'send'],
    ['send', 'write', 'send', 'write']
  ]) {
    rightUnderBoth(
      `${order.join(', ')} on ${site}: each callback comes when the peer reads`,
      file,
      'bothWays',
      (result) =>
        expect(result).toEqual({
          early: true,
          called: [...order].sort(),
          writableLength: 0,
          bufferedAmount: 0
        }),
      { args: { site, order } }
    );
  }
}
