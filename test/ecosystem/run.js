'use strict';

// Installs packages that depend on ws with wsuv in its place, and lets each do its job:
// `npm run test:ecosystem [-- NAME...]`. docs/ecosystem.md has the table.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const folder = path.join(root, 'build', 'ecosystem');
const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--loglevel', 'error'], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit']
  });

fs.mkdirSync(folder, { recursive: true });
npm(['pack', '--pack-destination', folder], root);
const { version } = require('../../package.json');
fs.renameSync(path.join(folder, `wsuv-${version}.tgz`), path.join(folder, 'wsuv.tgz'));
fs.copyFileSync(path.join(__dirname, 'package.json'), path.join(folder, 'package.json'));
fs.copyFileSync(path.join(__dirname, 'package-lock.json'), path.join(folder, 'package-lock.json'));
// The file has changed, whatever npm remembers of it.
fs.rmSync(path.join(folder, 'node_modules', 'ws'), { recursive: true, force: true });
npm(['install', '--no-audit', '--no-fund', '--no-save', '--loglevel', 'error'], folder);
npm(
  ['install', '--no-audit', '--no-fund', '--no-save', '--loglevel', 'error', './wsuv.tgz'],
  folder
);
fs.cpSync(path.join(__dirname, 'packages'), path.join(folder, 'packages'), { recursive: true });

// Nobody may have a copy of ws of its own.
const others = execFileSync('find', ['.', '-path', '*/node_modules/ws/package.json'], {
  cwd: folder,
  encoding: 'utf8'
})
  .trim()
  .split('\n')
  .filter((file) => JSON.parse(fs.readFileSync(path.join(folder, file))).name !== 'wsuv');
if (others.length > 0) throw new Error(`These are not wsuv: ${others.join(', ')}`);

const wanted = process.argv.slice(2);
const files = fs
  .readdirSync(path.join(__dirname, 'packages'))
  .filter((file) => wanted.length === 0 || wanted.includes(path.parse(file).name));
let failures = 0;
for (const file of files) {
  const start = Date.now();
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(folder, 'packages', file)],
    { cwd: folder, encoding: 'utf8', timeout: 60000 }
  );
  // A script that waits for what never comes ends with status 0, too.
  const passed = status === 0 && stdout.endsWith('done\n');
  if (!passed) failures++;
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${path.parse(file).name} (${seconds} s)`);
  if (!passed) console.log(`${signal ?? `exit code ${status}`}\n${stdout}${stderr}`);
}
if (wanted.length === 0) {
  if (!require('./types').compare(folder)) failures++;
  if (!require('./hosts').refuse(folder)) failures++;
}
console.log(`${files.length - failures} of ${files.length} do their job with wsuv`);
process.exitCode = failures > 0 ? 1 : 0;
