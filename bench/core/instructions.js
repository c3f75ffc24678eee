'use strict';

// Counts the instructions of the core's hot paths with callgrind, and compares them with
// instructions.json: a path that has become more than 5% longer is an error.
//
//   npm run bench:instructions [-- --update]
//
// The counts depend on the compiler, which is why instructions.json says whose they are; with
// another one, they are printed and not compared.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const TOLERANCE = 0.05;
const root = path.join(__dirname, '..', '..');
const build = path.join(root, 'build', 'core');
const baselineFile = path.join(__dirname, 'instructions.json');

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function compilerOf() {
  const cache = fs.readFileSync(path.join(build, 'CMakeCache.txt'), 'utf8');
  const [, compiler] = /^CMAKE_CXX_COMPILER:\w+=(.*)$/m.exec(cache);
  return execFileSync(compiler, ['--version'], { encoding: 'utf8' }).split('\n', 1)[0];
}

function instructionsOf(program, name, times) {
  const { stderr, status } = spawnSync(
    'valgrind',
    ['--tool=callgrind', '--callgrind-out-file=/dev/null', program, name, String(times)],
    { encoding: 'utf8' }
  );
  const found = /Collected : (\d+)/.exec(stderr);
  if (status !== 0 || found === null) throw new Error(`valgrind failed: ${stderr}`);
  return Number(found[1]);
}

run('cmake', ['-S', root, '-B', build]);
run('cmake', ['--build', build, '--target', 'wsuv_hot_path']);
const program = path.join(build, 'wsuv_hot_path');
const names = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
const compiler = compilerOf();
const baseline = fs.existsSync(baselineFile)
  ? JSON.parse(fs.readFileSync(baselineFile, 'utf8'))
  : { compiler, instructions: {} };
const isComparable = baseline.compiler === compiler;
const counted = {};
let worse = 0;

for (const name of names) {
  // The difference leaves the start of the process out.
  const few = 100;
  const count = Math.round(
    (instructionsOf(program, name, 2 * few) - instructionsOf(program, name, few)) / few
  );
  counted[name] = count;
  const before = isComparable ? baseline.instructions[name] : undefined;
  const change = before === undefined ? 0 : count / before - 1;
  const note = before === undefined ? '' : `${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)}%`;
  console.log(`${name.padEnd(40)} ${String(count).padStart(8)} ${note.padStart(8)}`);
  if (change > TOLERANCE) worse++;
}

if (process.argv.includes('--update')) {
  fs.writeFileSync(
    baselineFile,
    `${JSON.stringify({ compiler, instructions: counted }, null, 2)}\n`
  );
} else if (!isComparable) {
  console.log(`Not compared: ${baselineFile} was made with ${baseline.compiler}`);
} else if (worse > 0) {
  console.error(
    `${worse} hot paths execute over ${TOLERANCE * 100}% more instructions than before`
  );
  process.exitCode = 1;
}
