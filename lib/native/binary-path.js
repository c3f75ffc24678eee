'use strict';

const path = require('path');

const root = path.join(__dirname, '..', '..');

// Binaries for glibc and for musl differ. Only glibc tells its version, and only in the report,
// which takes milliseconds: so it is asked for only where a prebuilt binary is looked for.
function libcSuffix() {
  if (process.platform !== 'linux') return '';
  return process.report.getReport().header.glibcVersionRuntime ? '' : '-musl';
}

/** @return {String} where node-gyp puts the addon */
function builtFile() {
  return path.join(root, 'build', 'Release', 'wsuv.node');
}

/** @return {String} where the package carries the addon for this platform */
function prebuiltFile() {
  const target = `${process.platform}-${process.arch}${libcSuffix()}`;
  return path.join(root, 'prebuilds', target, 'wsuv.node');
}

module.exports = { builtFile, prebuiltFile };
