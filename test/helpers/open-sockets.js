'use strict';

const { setTimeout: sleep } = require('timers/promises');

const native = require('../../lib/native/addon');

/**
 * Call at the top of a test file: after its tests, nothing may be left open in the addon that was not
 * before. Jest does not see native handles, so the addon counts them; and it counts those of the whole
 * process, in which other files may have run before.
 */
function expectNothingLeftOpen() {
  const before = native.openSockets();
  afterAll(async () => {
    const until = Date.now() + 5000;
    while (native.openSockets() > before && Date.now() < until) await sleep(5);
    expect(native.openSockets()).toBeLessThanOrEqual(before);
  });
}

module.exports = { expectNothingLeftOpen };
