'use strict';

// Run by npm when the package is installed: builds the addon where no binary for this platform
// came with it. `node lib/native/install.js --prebuild` puts the binary that was built where the package
// carries it.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const { builtFile, prebuiltFile } = require('./binary-path');

/** @return {String[]} what a build needs and this machine does not have */
function missingTools() {
  if (process.platform === 'win32') return [];
  const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  const needed = [
    ['Python 3', ['python3', 'python']],
    ['make', ['make', 'gmake']],
    ['a C++17 compiler', [process.env.CXX || 'c++', 'g++', 'clang++']]
  ];
  return needed.filter(([, commands]) => !commands.some(has)).map(([name]) => name);
}

function build() {
  const missing = missingTools();
  if (missing.length > 0) {
    console.error(
      `wsuv: there is no prebuilt binary for ${process.platform} ${process.arch}, and it cannot be ` +
        `built here: this machine lacks ${missing.join(' and ')}.\n` +
        'Install them (on Debian: apt-get install build-essential python3; on macOS: ' +
        'xcode-select --install) and run "npm rebuild wsuv".'
    );
    process.exitCode = 1;
    return;
  }
  // npm brings a node-gyp of its own, for packages that have none.
  const gyp = process.env.npm_config_node_gyp;
  const [command, ...args] = gyp ? [process.execPath, gyp] : ['node-gyp'];
  const { status } = spawnSync(command, [...args, 'rebuild'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  });
  process.exitCode = status ?? 1;
}

function prebuild() {
  const target = prebuiltFile();
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(builtFile(), target);
  if (process.platform === 'linux') execFileSync('strip', ['--strip-unneeded', target]);
}

if (process.argv.includes('--prebuild')) prebuild();
else if (!fs.existsSync(builtFile()) && !fs.existsSync(prebuiltFile())) build();
