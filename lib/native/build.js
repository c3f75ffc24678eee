'use strict';

// `wsuv build`: builds the addon from source, in a checkout or in an installed package. Nothing runs
// it for a user: the package carries binaries.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { builtFile, isUpToDate, root, target } = require('./binary-path');

// A package manager builds whatever has a binding.gyp at its top, so the published package has it in
// a folder, with the sources.
const packed = path.join(root, 'source');
const sources = fs.existsSync(packed) ? packed : root;

/** @return {String[]} what a build needs and this machine does not have */
function missingTools() {
  if (process.platform === 'win32') return [];
  const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  const compiler = (process.env.CXX || 'c++').split(' ')[0];
  const needed = [
    ['Python 3', ['python3', 'python']],
    ['make', ['make', 'gmake']],
    ['a C++17 compiler', [compiler, 'g++', 'clang++']]
  ];
  return needed.filter(([, commands]) => !commands.some(has)).map(([name]) => name);
}

/**
 * Finds node-gyp: that of the project, or the one that npm brings.
 *
 * @return {(String|undefined)} its script
 */
function findNodeGyp() {
  const script = path.join('node-gyp', 'bin', 'node-gyp.js');
  const prefix = path.dirname(path.dirname(process.execPath));
  const npm = process.env.npm_execpath ?? '';
  const places = [
    process.env.npm_config_node_gyp,
    path.join(root, 'node_modules', script),
    path.join(path.dirname(path.dirname(npm)), 'node_modules', script),
    path.join(prefix, 'lib', 'node_modules', 'npm', 'node_modules', script),
    path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'node_modules', script)
  ];
  return places.find((place) => place && fs.existsSync(place));
}

/**
 * Builds, and puts the binary where addon.js looks first.
 *
 * @return {Number} the exit code
 */
function build() {
  const missing = missingTools();
  if (missing.length > 0) {
    console.error(
      `wsuv: it cannot be built for ${target()} here: this machine lacks ${missing.join(' and ')}.\n` +
        'Install them (on Debian: apt-get install build-essential python3; on macOS: ' +
        'xcode-select --install) and run "npx wsuv build".'
    );
    return 1;
  }
  const gyp = findNodeGyp();
  if (gyp === undefined) {
    console.error('wsuv: there is no node-gyp here. Install it ("npm install -g node-gyp").');
    return 1;
  }
  const { status } = spawnSync(process.execPath, [gyp, 'configure', 'build'], {
    cwd: sources,
    stdio: 'inherit'
  });
  if (status !== 0) return status ?? 1;
  if (sources !== root) {
    fs.mkdirSync(path.dirname(builtFile()), { recursive: true });
    fs.copyFileSync(path.join(sources, 'build', 'Release', 'wsuv.node'), builtFile());
    fs.rmSync(path.join(sources, 'build'), { recursive: true });
  }
  // make leaves it as it is where no object has changed.
  fs.utimesSync(builtFile(), new Date(), new Date());
  return 0;
}

module.exports = { build, isUpToDate: () => isUpToDate(sources) };
