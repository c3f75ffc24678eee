'use strict';

const { existsSync } = require('fs');
const { createRequire } = require('module');

const { version } = require('../../package.json');
const { builtFile, candidates, isCheckout, isUpToDate } = require('./binary-path');

/**
 * Loads one binary. By createRequire(), since a bundler would replace a `require` of its own, and a
 * single-executable application has one that knows only Node's modules.
 *
 * @param {String} file an absolute path
 * @return {Object} the addon's functions
 * @throws {Error} where it does not load, or belongs to another version of the package
 */
function loadBinary(file) {
  const native = createRequire(file)(file);
  const built = native.version?.().version ?? 'an earlier version';
  if (built !== version) {
    throw new Error(`it was built from ${built} of wsuv, and this is ${version}`);
  }
  return native;
}

/**
 * Loads the addon: what WSUV_BINARY names, or a build of this checkout, or else the binary that came
 * with the package. One that does not load is passed over.
 *
 * @return {Object} its functions; see src/binding/
 * @throws {Error} WSUV_UNSUPPORTED_HOST in a program that is not Node.js; ERR_DLOPEN_DISABLED where
 *     Node's permission model forbids addons; else WSUV_NO_BINARY, which says what was looked for,
 *     what was wrong with it, and what to do
 */
function load() {
  if (process.versions.bun || process.versions.deno) {
    throw require('./load-failure').unsupportedHost();
  }
  const attempts = [];
  for (const file of candidates()) {
    if (!existsSync(file)) {
      attempts.push({ file, error: null });
      continue;
    }
    try {
      const native = loadBinary(file);
      if (process.env.WSUV_KEEP_FREED_MEMORY === '1') native.keepFreedMemory();
      if (process.env.NODE_DEBUG) require('../events').loaded(native, file);
      if (file === builtFile() && isCheckout() && !isUpToDate()) {
        process.emitWarning(`${file} is older than its sources: run "npm run build"`, {
          code: 'WSUV_STALE_BUILD'
        });
      }
      return native;
    } catch (error) {
      if (error.code === 'ERR_DLOPEN_DISABLED') throw error;
      attempts.push({ file, error });
    }
  }
  throw require('./load-failure').noBinary(attempts);
}

module.exports = load();
