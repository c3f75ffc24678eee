'use strict';

const { existsSync } = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/**
 * The places where the compiled addon can be, the most specific first: a build of this checkout,
 * then the binary that came with the package.
 *
 * @return {String[]} absolute file names
 */
function candidates() {
  const libc =
    process.platform === 'linux' && !process.report?.getReport().header.glibcVersionRuntime
      ? '-musl'
      : '';
  const target = `${process.platform}-${process.arch}${libc}`;
  return [
    path.join(root, 'build', 'Release', 'wsuv.node'),
    path.join(root, 'prebuilds', target, 'wsuv.node')
  ];
}

/**
 * Loads the addon.
 *
 * @return {Object} its functions; see src/binding/
 * @throws {Error} `WSUV_NO_BINARY`, saying what was looked for and how to get it
 */
function load() {
  const files = candidates();
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    const error = new Error(
      `wsuv has no binary for ${process.platform} ${process.arch} ` +
        `(Node.js ${process.version}); looked for:\n` +
        files.map((candidate) => `  ${candidate}\n`).join('') +
        'Either install a version of wsuv that ships one for this platform, or build it: with ' +
        'Python 3, make and a C++17 compiler at hand, run "npm rebuild wsuv --foreground-scripts" ' +
        '(in a checkout: "npm run build").'
    );
    error.code = 'WSUV_NO_BINARY';
    throw error;
  }
  return require(file);
}

module.exports = load();
module.exports.candidates = candidates;
