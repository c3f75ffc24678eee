'use strict';

const { setTimeout: sleep } = require('timers/promises');

const native = require('../../lib/native/addon');

/**
 * Call at the top of a test file: after its tests, nothing may be left open in the addon. Jest does
 * not see native handles, so the addon counts them.
 */
function expectNothingLeftOpen() {
  afterAll(async () => {
    const until = Date.now() + 5000;
    while (native.openSockets() > 0 && Date.now() < until) await sleep(5);
    expect(native.openSockets()).toBe(0);
  });
}

module.exports = { expectNothingLeftOpen };
