'use strict';

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');

const PT_INTERP = 3;

/**
 * The dynamic linker that an ELF executable names (its PT_INTERP), which tells the C library.
 *
 * @param {String} file
 * @return {String} '' where the first 4 KiB do not tell
 */
function dynamicLinker(file) {
  const head = Buffer.alloc(4096);
  let descriptor;
  let size;
  try {
    descriptor = fs.openSync(file, 'r');
    size = fs.readSync(descriptor, head, 0, head.length, 0);
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
  // Little-endian, 64 bits: what Node.js is built for where there are binaries of ours.
  if (size < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return '';
  const table = Number(head.readBigUInt64LE(32));
  const entrySize = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  for (let i = 0, at = table; i < count && at + 56 <= size; i++, at += entrySize) {
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const start = Number(head.readBigUInt64LE(at + 8));
    return head.toString('latin1', start, start + Number(head.readBigUInt64LE(at + 32)));
  }
  return '';
}

/** @return {String} the platform as the folders of prebuilds/ are named: linux-x64-musl */
function target() {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return name;
  return dynamicLinker(process.execPath).includes('ld-musl-') ? `${name}-musl` : name;
}

/** @return {String} where a build puts the addon */
function builtFile() {
  return path.join(root, 'build', 'Release', 'wsuv.node');
}

/** @return {String} where the package carries the addon for this platform */
function prebuiltFile() {
  return path.join(root, 'prebuilds', target(), 'wsuv.node');
}

/**
 * Whether a build is younger than every source of it.
 *
 * @param {String} [sources] the folder that has them
 * @return {Boolean} false where there is no build
 */
function isUpToDate(sources = root) {
  if (!fs.existsSync(builtFile())) return false;
  const { mtimeMs } = fs.statSync(builtFile());
  const files = fs.readdirSync(path.join(sources, 'src'), { recursive: true });
  return [path.join('..', 'binding.gyp'), ...files].every(
    (name) => fs.statSync(path.join(sources, 'src', name)).mtimeMs <= mtimeMs
  );
}

/**
 * Whether this is a checkout, where the binary and the sources may be of different times although
 * their version is the same.
 *
 * @return {Boolean}
 */
function isCheckout() {
  return fs.existsSync(path.join(root, 'binding.gyp'));
}

/**
 * Whether a bundler has put this file into another one, so that __dirname says nothing about where
 * the package is.
 *
 * @return {Boolean}
 */
function isBundled() {
  return !fs.existsSync(path.join(root, 'lib', 'native', 'binary-path.js'));
}

/** @return {String[]} where the binary may be, the first choice first */
function candidates() {
  if (process.env.WSUV_BINARY) return [path.resolve(process.env.WSUV_BINARY)];
  // Beside a bundle or a single-executable application.
  if (isBundled()) {
    const folders = new Set([__dirname, path.dirname(process.execPath)]);
    return [...folders].map((folder) => path.join(folder, 'wsuv.node'));
  }
  return [builtFile(), prebuiltFile()];
}

module.exports = {
  builtFile,
  candidates,
  dynamicLinker,
  isBundled,
  isCheckout,
  isUpToDate,
  prebuiltFile,
  root,
  target
};
