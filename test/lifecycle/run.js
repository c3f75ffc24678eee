'use strict';

const { execFile } = require('child_process');
const path = require('path');

/**
 * Runs a script of this folder in a process of its own, where nothing stands between it and Node.
 *
 * @param {String} name without .js
 * @param {String[]} [args]
 * @return {Promise<{code: (Number|null), signal: (String|null), stdout: String, stderr: String}>}
 */
function run(name, args = []) {
  const script = path.join(__dirname, 'scripts', `${name}.js`);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--expose-gc', script, ...args],
      { timeout: 60000 },
      (error, stdout, stderr) => {
        resolve({
          code: error === null ? 0 : error.code,
          signal: error?.signal ?? null,
          stdout,
          stderr
        });
      }
    );
  });
}

module.exports = { run };
