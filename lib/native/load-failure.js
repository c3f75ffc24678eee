'use strict';

const path = require('path');

const { isBundled, isCheckout, root, target } = require('./binary-path');

/**
 * @return {Error} for programs that run npm packages, but whose libuv is none
 */
function unsupportedHost() {
  const { bun, deno } = process.versions;
  const [name, instead] = bun
    ? [`Bun ${bun}`, 'Bun.serve() or Bun\'s own "ws" (with no other package under that name)']
    : [`Deno ${deno}`, 'Deno.upgradeWebSocket() or "npm:ws"'];
  const error = new Error(
    `wsuv runs on Node.js only: its C++ core needs Node's libuv, which ${name} does not have. ` +
      `Use ${instead} there, or run the program with Node.js.`
  );
  error.code = 'WSUV_UNSUPPORTED_HOST';
  return error;
}

/**
 * A dynamic linker's message, and what it means.
 *
 * @param {String} file a file that is there
 * @param {Error} error
 * @return {String}
 */
function explain(file, { message }) {
  const [first] = message.split('\n');
  const reason = first.startsWith(`${file}: `) ? first.slice(file.length + 2) : first;
  if (/GLIBC_\d|GLIBCXX_|CXXABI_/.test(reason)) {
    return `${reason} (this system's C library is older)`;
  }
  if (/ld-musl|libc\.musl|ld-linux|Error relocating/.test(reason)) {
    return `${reason} (it is for another C library)`;
  }
  // glibc says of a file for another processor that it is not there.
  if (
    /ELF|file too short|mach-o|incompatible architecture|Exec format|Win32/i.test(reason) ||
    reason === 'cannot open shared object file: No such file or directory'
  ) {
    return `${reason} (it is for another processor or system, or damaged)`;
  }
  return reason;
}

/** @return {String} what to do where the package is in one file with the program */
function bundledRemedy() {
  return (
    'wsuv was bundled, and its binary was not. Keep wsuv external:\n' +
    '  esbuild     --external:wsuv\n' +
    "  webpack     externals: { wsuv: 'commonjs wsuv' }\n" +
    "  rollup      external: ['wsuv']\n" +
    "  Next.js     serverExternalPackages: ['wsuv']\n" +
    '(or "ws", where it is installed under that name). Or put the file that "npx wsuv binary" names ' +
    'beside the program, as wsuv.node, or its path into the environment variable WSUV_BINARY.'
  );
}

/** @return {String} what to do where the package is a folder */
function remedy() {
  if (isCheckout()) return 'In a checkout, build it: "npm run build".';
  const command = path.join(root, 'bin', 'wsuv.js');
  return (
    'Either install a version of wsuv that ships a binary for this platform, or build it: with ' +
    'Python 3, make and a C++17 compiler at hand, run "npx wsuv build" ' +
    `(or: node ${JSON.stringify(command)} build).`
  );
}

/**
 * @param {{file: String, error: ?Error}[]} attempts the files in their order; error is null where
 *     there was none
 * @return {Error} WSUV_NO_BINARY, whose cause is the first reason for which a file did not load
 */
function noBinary(attempts) {
  const lines = attempts.map(
    ({ file, error }) => `  ${file}: ${error === null ? 'not found' : explain(file, error)}`
  );
  const found = attempts.find(({ error }) => error !== null);
  const what = found ? 'a binary that loads' : 'a binary';
  const advice = process.env.WSUV_BINARY
    ? 'This path is that of the environment variable WSUV_BINARY.'
    : isBundled()
      ? bundledRemedy()
      : remedy();
  const error = new Error(
    `wsuv does not have ${what} for ${target()} (Node.js ${process.version}); looked for:\n` +
      `${lines.join('\n')}\n${advice}`,
    found && { cause: found.error }
  );
  error.code = 'WSUV_NO_BINARY';
  return error;
}

module.exports = { noBinary, unsupportedHost };
