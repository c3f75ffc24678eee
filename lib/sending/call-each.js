'use strict';

const { nextTick } = require('../native/realm');

/**
 * Calls callbacks one after the other. One that throws does not keep the others from being called:
 * they follow in the next tick.
 *
 * @param {Function[]} callbacks
 * @param {*} argument for each of them
 */
function callEach(callbacks, argument) {
  for (let i = 0; i < callbacks.length; i++) {
    try {
      callbacks[i](argument);
    } catch (error) {
      nextTick(callEach, callbacks.slice(i + 1), argument);
      throw error;
    }
  }
}

module.exports = { callEach };
