'use strict';

// The package as it is published, and folders of programs that install it.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const root = path.join(__dirname, '..', '..', '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-package-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

// Settings of the machine, but none of a user's or a project's.
const home = path.join(folder, 'home');
fs.mkdirSync(home);
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^WSUV_/i.test(name))
);
Object.assign(environment, {
  HOME: home,
  CI: '',
  npm_config_audit: 'false',
  npm_config_fund: 'false'
});

/** @return {{file: String, files: String[], manifest: Object}} what `npm pack` makes */
function pack() {
  const args = ['pack', '--json', '--pack-destination', folder];
  const output = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe']
  });
  // What the build prints stands before npm's answer.
  const [{ filename, files }] = JSON.parse(output.slice(output.search(/^\[/m)));
  const manifest = require('../../../package.json');
  return { file: path.join(folder, filename), files: files.map((entry) => entry.path), manifest };
}

/**
 * A folder with a package.json and the programs of this folder.
 *
 * @param {String} name
 * @param {Object} [manifest]
 * @return {String}
 */
function project(name, manifest = {}) {
  const place = path.join(folder, name);
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(
    path.join(place, 'package.json'),
    `${JSON.stringify({ name: 'user', version: '1.0.0', private: true, ...manifest }, null, 2)}\n`
  );
  for (const program of ['alone.js', 'beside.js']) {
    fs.copyFileSync(path.join(__dirname, program), path.join(place, program));
  }
  return place;
}

/**
 * Runs a command in a project.
 *
 * @param {String} cwd
 * @param {String[]} command
 * @param {Object} [env]
 * @param {{fails: Boolean=}} [options]
 * @return {String} what it said
 * @throws {Error} with what it said, where it fails (or, with `fails`, does not)
 */
function run(cwd, command, env = {}, { fails = false } = {}) {
  const [file, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    env: { ...environment, ...env },
    timeout: 900_000
  });
  if (error) throw error;
  if ((status !== 0) !== fails) {
    throw new Error(`${command.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  }
  return stdout + stderr;
}

/** Runs a program that says "done" at its end. */
function runProgram(cwd, command, env) {
  const said = run(cwd, command, env);
  if (!said.endsWith('done\n')) throw new Error(`${command.join(' ')} said: ${said}`);
}

module.exports = { folder, home, pack, project, root, run, runProgram };
