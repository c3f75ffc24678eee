'use strict';

// Changes the source in one place at a time, and sees whether a test notices:
//
//   npm run test:mutants                       # all
//   npm run test:mutants -- --sample 8         # some, chosen by chance
//   npm run test:mutants -- --only closing     # those whose file or text matches
//   npm run test:mutants -- --check            # none: only whether the tables fit the sources
//   npm run test:mutants -- --check --record   # the score anew
//
// The rows are in tables/: the file, its exact text, what takes its place, and the tests that ought to
// fail. It all happens in a copy, build/mutants. A mutant that survives is an error, unless its row
// says why it may (`survives`): then it is one that is killed. score.json has how many each file kills:
// fewer are an error, too.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const root = path.join(__dirname, '..', '..');
const copy = path.join(root, 'build', 'mutants');
const TEST_LIMIT = 120_000; // milliseconds; what runs for longer has noticed, too
const BUILD_LIMIT = 3_600_000;
// What a mutant leaves open must not keep the process.
const JEST = ['jest', '--bail', '--forceExit'];

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean' },
    only: { type: 'string' },
    record: { type: 'boolean' },
    sample: { type: 'string' },
    seed: { type: 'string' }
  }
});

/** @return {Object[]} the rows of all tables */
function readTables() {
  const folder = path.join(__dirname, 'tables');
  return fs
    .readdirSync(folder)
    .sort()
    .flatMap((name) => require(path.join(folder, name)));
}

// A sequence of numbers below 1 that depends on the seed alone.
function* numbersOf(seed) {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

function choose(rows) {
  if (options.only !== undefined) {
    const only = new RegExp(options.only);
    return rows.filter(({ file, from }) => only.test(`${file} ${from}`));
  }
  if (options.sample === undefined) return rows;
  const seed = Number(options.seed ?? Date.now() % 1e6);
  console.log(`seed ${seed}`);
  const random = numbersOf(seed);
  const chosen = [...rows];
  while (chosen.length > Number(options.sample)) {
    chosen.splice(Math.floor(random.next().value * chosen.length), 1);
  }
  return chosen;
}

// Brings the copy up to date; what has not changed keeps its time, so that little is compiled.
function prepareCopy() {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8'
  });
  for (const name of listed.split('\n')) {
    const source = path.join(root, name);
    const target = path.join(copy, name);
    if (name === '' || !fs.existsSync(source) || fs.statSync(source).isDirectory()) continue;
    const text = fs.readFileSync(source);
    if (fs.existsSync(target) && fs.readFileSync(target).equals(text)) continue;
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
  }
  const modules = path.join(copy, 'node_modules');
  if (!fs.existsSync(modules)) fs.symlinkSync(path.join(root, 'node_modules'), modules);
}

function run(command, args, timeout = BUILD_LIMIT, env = process.env) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: copy,
    encoding: 'utf8',
    env,
    timeout,
    killSignal: 'SIGKILL'
  });
  return { passes: status === 0, output: `${stdout}${stderr}` };
}

// The floors of test/cpp that have a suite of a --gtest_filter: each has a program of its own, so that
// little is compiled.
function floorsOf(filter) {
  const suites = filter.split(':').map((test) => test.split('.', 1)[0]);
  const tests = path.join(copy, 'test', 'cpp');
  const has = (file) => {
    const text = fs.readFileSync(file, 'utf8');
    return suites.some((suite) => new RegExp(`^TEST(_F|_P)?\\(${suite},`, 'm').test(text));
  };
  return ['protocol', 'transport', 'binding'].filter((floor) =>
    fs.readdirSync(path.join(tests, floor)).some((name) => has(path.join(tests, floor, name)))
  );
}

// Nobody looks at these programs with a debugger.
const CMAKE_OPTIONS = [
  '-DCMAKE_BUILD_TYPE=Debug',
  '-DCMAKE_CXX_FLAGS_DEBUG=-g0',
  '-DCMAKE_CXX_FLAGS=-w',
  '-DWSUV_SANITIZE=ON'
];

const kinds = {
  /** GoogleTest under AddressSanitizer, which sees leaks, too; `filter` is that of --gtest_filter. */
  cpp: {
    build: (filter) => {
      const configured = fs.existsSync(path.join(copy, 'build', 'asan', 'Makefile'))
        ? { passes: true }
        : run('cmake', ['-S', '.', '-B', 'build/asan', ...CMAKE_OPTIONS]);
      if (!configured.passes) return configured;
      const targets = floorsOf(filter).map((floor) => `wsuv_${floor}_tests`);
      return run('cmake', ['--build', 'build/asan', '-j2', '--target', ...targets]);
    },
    test: (filter) => {
      for (const floor of floorsOf(filter)) {
        const program = `build/asan/wsuv_${floor}_tests`;
        const tested = run(program, [`--gtest_filter=${filter}`, '--gtest_fail_fast'], TEST_LIMIT);
        if (!tested.passes) return tested;
      }
      return { passes: true };
    }
  },
  /** Jest, on lib/ with the addon as it is; `filter` is a list of paths. */
  jest: {
    build: () => ({ passes: true }),
    test: (filter) => {
      const env = { ...process.env, WSUV_BINARY: path.join(root, 'build', 'Release', 'wsuv.node') };
      return run('npx', [...JEST, ...filter.split(' ')], TEST_LIMIT, env);
    }
  },
  /** Jest, with an addon of the changed source. */
  addon: {
    build: () => run('npx', ['node-gyp', 'configure', 'build']),
    test: (filter) => run('npx', [...JEST, ...filter.split(' ')], TEST_LIMIT)
  }
};

/** @return {String} what became of it: killed, survived, or what is wrong with the row */
function tryMutant({ file, from, to, kind, filter }) {
  const target = path.join(copy, file);
  const text = fs.readFileSync(target, 'utf8');
  if (text.split(from).length !== 2) return 'its text is not there exactly once';
  fs.writeFileSync(
    target,
    text.replace(from, () => to)
  );
  try {
    const built = kinds[kind].build(filter);
    if (!built.passes) return `does not compile\n${built.output.slice(-2000)}`;
    return kinds[kind].test(filter).passes ? 'survived' : 'killed';
  } finally {
    fs.writeFileSync(target, text);
  }
}

// Rows whose text is not, or not only once, in the file: they would test nothing.
function isStale({ file, from }) {
  const source = path.join(root, file);
  return !fs.existsSync(source) || fs.readFileSync(source, 'utf8').split(from).length !== 2;
}

/** The score that was recorded: of each file, how many rows there are and how many are killed. */
const scoreFile = path.join(__dirname, 'score.json');

/**
 * Compares the tables with the score. A row that is gone, or that says it may survive, lowers it.
 *
 * @param {Object[]} rows all of them
 * @return {String[]} what has become worse
 */
function compareScore(rows) {
  const now = {};
  for (const { file, survives } of rows) {
    now[file] ??= { rows: 0, killed: 0 };
    now[file].rows++;
    if (survives === undefined) now[file].killed++;
  }
  if (options.record) {
    fs.writeFileSync(scoreFile, `${JSON.stringify(now, null, 2)}\n`);
    return [];
  }
  const recorded = JSON.parse(fs.readFileSync(scoreFile, 'utf8'));
  return Object.entries(recorded)
    .filter(([file, { killed }]) => (now[file]?.killed ?? 0) < killed)
    .map(([file, { killed }]) => `${file}: ${now[file]?.killed ?? 0} killed, not ${killed}`);
}

function main() {
  const all = readTables();
  const worse = [
    ...all.filter(isStale).map(({ file, from }) => `${file} has not, just once: ${from.trim()}`),
    ...compareScore(all)
  ];
  if (worse.length > 0) {
    console.error(worse.join('\n'));
    process.exitCode = 1;
  }
  if (options.check) return;
  prepareCopy();
  const rows = choose(all).filter((row) => !isStale(row));
  // Unchanged, everything has to pass.
  const seen = new Set();
  for (const { kind, filter } of rows) {
    const key = `${kind} ${filter}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const built = kinds[kind].build(filter);
    const tested = built.passes ? kinds[kind].test(filter) : built;
    if (!tested.passes) {
      console.error(`Without a change: ${key} fails\n${tested.output.slice(-4000)}`);
      process.exitCode = 1;
      return;
    }
  }
  let killed = 0;
  let wrong = 0;
  for (const row of rows) {
    const result = tryMutant(row);
    const expected = row.survives === undefined ? 'killed' : 'survived';
    if (result === 'killed') killed++;
    if (result !== expected) wrong++;
    const mark = result === expected ? ' ' : '!';
    console.log(`${mark} ${result.padEnd(8)} ${row.file}: ${row.to.trim() || '(nothing)'}`);
  }
  // What a change has spoilt must not be taken for the real thing the next time.
  const last = new Map(rows.map(({ kind, filter }) => [kind, filter]));
  for (const [kind, filter] of last) kinds[kind].build(filter);
  console.log(`${killed} of ${rows.length} killed`);
  if (wrong > 0) process.exitCode = 1;
}

main();
