'use strict';

// Writes build/generated/version.h, from which the addon knows its version and commit, and prints the
// folder, for binding.gyp. The file is written only when it changes, so that nothing is compiled anew.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

// In the published package this is source/package.json, which notes the commit.
const { commit: noted, version } = require('../package.json');

const root = path.join(__dirname, '..');
const folder = path.join(root, 'build', 'generated');
const file = path.join(folder, 'version.h');

const read = (name) => {
  try {
    return fs.readFileSync(name, 'utf8');
  } catch {
    return undefined;
  }
};

/** @return {String} the commit of the sources: the checkout's, or what was noted when they were packed */
function commit() {
  if (noted !== undefined) return noted;
  if (!fs.existsSync(path.join(root, '.git'))) return 'unknown';
  try {
    const args = ['-C', root, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
    return execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}

/** @return {String} the folder with the header, which is written if it is not there as it should be */
function writeHeader() {
  const text = `#define WSUV_VERSION "${version}"\n#define WSUV_COMMIT "${commit()}"\n`;
  if (read(file) !== text) {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file, text);
  }
  return folder;
}

if (require.main === module) console.log(path.relative('.', writeHeader()));

module.exports = { commit };
