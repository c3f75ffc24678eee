'use strict';

const { AsyncLocalStorage, AsyncResource } = require('async_hooks');

const native = require('./addon');
const { lazy } = require('../lazy');

// AsyncLocalStorage keeps stores on the resource that runs (Node.js 20 and 22), where what a callback
// enters is seen by the next one of the same resource; or in frames (24 and later), where it is not.
const areOnResources = lazy(() => {
  const storage = new AsyncLocalStorage();
  const resource = new AsyncResource('wsuv.stores');
  resource.runInAsyncScope(() => storage.enterWith(true));
  const isKept = resource.runInAsyncScope(() => storage.getStore()) === true;
  storage.disable();
  return isKept;
});

/**
 * The handlers of 'open' of a client have run, in the context of the socket that Node had made for it:
 * what they entered is seen by those that come, as it would be if that socket was there still.
 *
 * @param {Number} handle
 */
function keepEnteredStores(handle) {
  if (areOnResources()) native.renewScope(handle);
}

module.exports = { keepEnteredStores };
