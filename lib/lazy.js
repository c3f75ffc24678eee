'use strict';

const Module = require('module');

// Node's own loader keeps what it has loaded. A sandbox (Jest's) may forget it between two tests, and
// would then give another copy of a file to what was loaded before.
const isNodes = module instanceof Module;

// The first file of this evaluation of lib/, from which all others can be reached.
let root;

// What a module has loaded, and so on.
function* reachable(from, seen = new Set()) {
  if (seen.has(from) || !from.filename.startsWith(__dirname)) return;
  seen.add(from);
  yield from;
  for (const child of from.children) yield* reachable(child, seen);
}

// A program may have emptied Node's cache and loaded the package anew. What is loaded now belongs to
// the copies that this evaluation has, and is nobody else's.
function loadAmongOwn(load) {
  if (root === undefined || !isNodes || require.cache[root.filename] === root) return load();
  // (Spelled out: bundlers warn of a `require` that goes elsewhere.)
  const others = Object.entries(require.cache).filter(([file]) => file.startsWith(__dirname));
  const clear = () => {
    for (const file of Object.keys(require.cache)) {
      if (file.startsWith(__dirname)) delete require.cache[file];
    }
  };
  clear();
  for (const own of reachable(root)) require.cache[own.filename] = own;
  try {
    return load();
  } finally {
    clear();
    for (const [file, other] of others) require.cache[file] = other;
  }
}

/**
 * To be called with the module of lib/index.js.
 *
 * @param {Module} module
 */
function setRoot(module) {
  root = module;
}

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
  const get = () => (loaded ??= loadAmongOwn(load));
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

module.exports = { defineLazily, lazy, setRoot };
