'use strict';

const native = require('./addon');

/**
 * What Node's own streams and sockets would use, for what stands in for them: the callbacks of
 * writes, 'close', 'listening'.
 *
 * A program may have put other functions in the place of the global ones: fake timers, whose time
 * does not pass, or (in a sandbox like Jest's) none at all. Node's streams do not notice; so neither
 * does what is taken from here. What ws itself schedules with the global functions, this package
 * does, too.
 */
const realm = native.realm();

// Sinon's and Jest's fake timers keep what they have replaced beside it.
function real(name) {
  return realm[name].clock?.[`_${name}`] ?? realm[name];
}

const setImmediate = real('setImmediate');
const setTimeout = real('setTimeout');
const clearTimeout = real('clearTimeout');

/**
 * process.nextTick(), as Node's streams call it: whoever replaces it there replaces it here.
 *
 * @param {Function} callback
 * @param {...*} args
 */
function nextTick(callback, ...args) {
  realm.process.nextTick(callback, ...args);
}

module.exports = { clearTimeout, nextTick, setImmediate, setTimeout };
