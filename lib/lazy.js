'use strict';

const Module = require('module');

// Node's own loader keeps what it has loaded. A sandbox (Jest's) may forget it between two tests, and
// would then give another copy of a file to what was loaded before.
const isNodes = module instanceof Module;

/**
 * A module that is loaded when it is first needed, since most programs never need it. Only for what
 * begins with something that the program does (a client, compression), so that nothing is read from
 * disk in the middle of a connection.
 *
 * @param {function(): *} load a function with a literal require(), which bundlers see
 * @return {function(): *} gives what is exported
 */
function lazy(load) {
  let loaded;
  const get = () => (loaded ??= load());
  if (!isNodes) get();
  return get;
}

/**
 * Makes a property out of such a module. It is like any other as soon as it was read, and can be set
 * before.
 *
 * @param {Object} object
 * @param {String} name
 * @param {function(): *} get from lazy()
 */
function defineLazily(object, name, get) {
  const settle = (value) => {
    Object.defineProperty(object, name, {
      configurable: true,
      enumerable: true,
      value,
      writable: true
    });
    return value;
  };
  if (!isNodes) {
    settle(get());
    return;
  }
  Object.defineProperty(object, name, {
    configurable: true,
    enumerable: true,
    get: () => settle(get()),
    set: settle
  });
}

module.exports = { defineLazily, lazy };
