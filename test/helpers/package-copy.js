'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const { builtFile, target } = require('../../lib/native/binary-path');

const root = path.join(__dirname, '..', '..');

/** A copy of the package for each test of a file, without a binary. */
class PackageCopy {
  /** @type {String} */
  folder;

  /** To be called once, at the top of a test file. */
  constructor() {
    beforeEach(() => {
      this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-binary-'));
      for (const name of ['lib', 'bin', 'package.json']) {
        fs.cpSync(path.join(root, name), path.join(this.folder, name), { recursive: true });
      }
    });
    afterEach(() => fs.rmSync(this.folder, { recursive: true }));
  }

  /** Where a build would put the binary. */
  built = () => path.join(this.folder, 'build', 'Release', 'wsuv.node');

  /** Where the binary would be that came with the package. */
  prebuilt = () => path.join(this.folder, 'prebuilds', target(), 'wsuv.node');

  /** Puts a file there: by default, the addon. */
  put = (file, content) => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (content === undefined) fs.copyFileSync(builtFile(), file);
    else fs.writeFileSync(file, content);
  };

  /** Loads the copy in a process of its own: [code, message], or ['loaded', the binary's path]. */
  load = (env = {}, node = process.execPath, before = '') => {
    const code = `
    ${before}
    const report = (...what) => console.log(JSON.stringify(what));
    try {
      require(${JSON.stringify(path.join(this.folder, 'lib'))});
      report('loaded', Object.keys(require.cache).find((file) => file.endsWith('.node')));
    } catch (error) { report(error.code ?? error.name, error.message, error.cause?.message); }`;
    const options = { encoding: 'utf8', env: { ...process.env, ...env } };
    return JSON.parse(execFileSync(node, ['-e', code], options));
  };
}

module.exports = { PackageCopy };
