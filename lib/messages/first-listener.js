'use strict';

const { holder } = require('../connection-flags');
const { kSetReading } = require('../symbols');

const EVENTS = ['message', 'stream'];
const METHODS = ['on', 'addListener', 'prependListener'];

// Of the methods that are put there.
const kIsWatching = Symbol('wsuv.isWatching');

const hasListener = (ws) => EVENTS.some((name) => ws.listenerCount(name) > 0);

/**
 * Reads nothing from a connection until somebody listens for its messages. The methods that all the
 * others (once(), addEventListener(), `onmessage`) come down to are replaced until then: listening for
 * 'newListener' would not outlive removeAllListeners().
 *
 * @param {WebSocket} ws
 */
function waitForFirstListener(ws) {
  if (hasListener(ws)) return;
  ws[kSetReading](false, holder.LISTENER);
  for (const name of METHODS) {
    Object.defineProperty(ws, name, { configurable: true, value: watched(name), writable: true });
  }
}

function watched(name) {
  function add(...args) {
    const result = Reflect.apply(inherited(this, name), this, args);
    if (hasListener(this)) read(this);
    return result;
  }
  add[kIsWatching] = true;
  return add;
}

// The method of the class, which a subclass may have overridden.
function inherited(ws, name) {
  return Reflect.get(Reflect.getPrototypeOf(ws), name, ws);
}

function read(ws) {
  for (const name of METHODS) {
    // Somebody may have put something else there meanwhile.
    const own = Object.getOwnPropertyDescriptor(ws, name);
    if (own?.value?.[kIsWatching]) delete ws[name];
  }
  ws[kSetReading](true, holder.LISTENER);
}

module.exports = { waitForFirstListener };
