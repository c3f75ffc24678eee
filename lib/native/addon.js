'use strict';

const { existsSync } = require('fs');

const { builtFile, prebuiltFile } = require('./binary-path');

/**
 * Loads the addon: a build of this checkout, or else the binary that came with the package.
 *
 * @return {Object} its functions; see src/binding/
 * @throws {Error} WSUV_NO_BINARY, which says what was looked for and how to get it
 */
function load() {
  if (existsSync(builtFile())) return require(builtFile());
  if (existsSync(prebuiltFile())) return require(prebuiltFile());

  const error = new Error(
    `wsuv has no binary for ${process.platform} ${process.arch} (Node.js ${process.version}); ` +
      `looked for:\n  ${builtFile()}\n  ${prebuiltFile()}\n` +
      'Either install a version of wsuv that ships one for this platform, or build it: with ' +
      'Python 3, make and a C++17 compiler at hand, run "npm rebuild wsuv --foreground-scripts" ' +
      '(in a checkout: "npm run build").'
  );
  error.code = 'WSUV_NO_BINARY';
  throw error;
}

module.exports = load();
