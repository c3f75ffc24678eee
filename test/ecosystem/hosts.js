'use strict';

// Programs that run npm packages, but are not Node.js: wsuv must say so, before its binary is loaded.

const { execFileSync, spawnSync } = require('child_process');
const path = require('path');

/**
 * @param {String} folder where the packages are installed
 * @return {Boolean} whether each host is told what to use instead
 */
function refuse(folder) {
  const modules = path.join(folder, 'node_modules');
  // What their install scripts would do: they put the binary where it is looked for. (Bun's complains of
  // the first place that it tries; where nothing helps, the error has all that was said.)
  const install = (name, script) =>
    execFileSync(process.execPath, [script], { cwd: path.join(modules, name), stdio: 'pipe' });
  install('bun', 'install.js');
  install('deno', 'install.cjs');
  const program = path.join(__dirname, 'host.cjs');
  const hosts = {
    bun: [path.join(modules, 'bun', 'bin', 'bun.exe'), program],
    deno: [path.join(modules, 'deno', 'deno'), 'run', '--allow-all', program]
  };
  return Object.entries(hosts)
    .map(([name, [file, ...args]]) => {
      const wsuv = path.join(modules, 'ws');
      const { status, signal, stdout, stderr } = spawnSync(file, [...args, wsuv], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000
      });
      const expected = new RegExp(
        `^WSUV_UNSUPPORTED_HOST wsuv runs on Node\\.js only: .*${name}`,
        'i'
      );
      const passed = status === 0 && expected.test(stdout);
      console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} is told what to use`);
      if (!passed) console.log(`${signal ?? `exit code ${status}`}\n${stdout}${stderr}`);
      return passed;
    })
    .every(Boolean);
}

module.exports = { refuse };

if (require.main === module) process.exitCode = refuse(path.resolve(process.argv[2])) ? 0 : 1;
