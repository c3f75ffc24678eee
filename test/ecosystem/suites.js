'use strict';

// Programs written for ws whose npm packages bring their own tests along: each runs them on ws and on
// wsuv, and every test must end the same way: `npm run test:suites [-- NAME...]`.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const folder = path.join(root, 'build', 'suites');

// Which files, as a pattern, and what runs them: mocha, tape, or Node's own runner. Of large packages
// only what has to do with WebSockets.
const suites = {
  '@fastify/http-proxy': { files: /^test\/(websocket.*|ws-.*|socket\.io)\.js$/, runner: 'node' },
  '@mercuriusjs/subscription-client': { files: /^test\/subscription-client\.js$/, runner: 'tape' },
  'koa-easy-ws': { files: /^test\/.*\.js$/, runner: 'mocha' },
  // It reads a file of another package as its own node_modules/ has it in a checkout.
  livereload: { files: /^test\/index\.test\.coffee$/, runner: 'mocha', beside: 'livereload-js' },
  mercurius: {
    files: /^test\/(subscription.*|custom-root-types|routes)\.test\.js$/,
    runner: 'node'
  },
  'ocpp-rpc': { files: /^test\/.*\.js$/, runner: 'mocha' },
  'pull-ws': { files: /^test\/[^/]*\.js$/, runner: 'tape' },
  'socketcluster-client': { files: /^test\/.*\.js$/, runner: 'mocha' },
  'socketcluster-server': { files: /^test\/.*\.js$/, runner: 'mocha' },
  'websocket-stream': { files: /^test\.js$/, runner: 'tape' }
};

const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--loglevel', 'error'], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit']
  });

// The packages once with ws and once with wsuv in its place; nothing else is different.
function install() {
  const [withWs, withWsuv] = ['ws', 'wsuv'].map((name) => path.join(folder, name));
  fs.mkdirSync(withWs, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    fs.copyFileSync(path.join(__dirname, 'suites', file), path.join(withWs, file));
  }
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'], withWs);
  for (const [name, { beside }] of Object.entries(suites)) {
    if (beside === undefined) continue;
    const own = path.join(withWs, 'node_modules', name, 'node_modules');
    fs.mkdirSync(own, { recursive: true });
    fs.rmSync(path.join(own, beside), { force: true });
    fs.symlinkSync(path.join('..', '..', beside), path.join(own, beside));
  }
  fs.rmSync(withWsuv, { recursive: true, force: true });
  fs.cpSync(withWs, withWsuv, { recursive: true, verbatimSymlinks: true });
  npm(['pack', '--pack-destination', folder], root);
  const { version } = require('../../package.json');
  const place = path.join(withWsuv, 'node_modules', 'ws');
  fs.rmSync(place, { recursive: true });
  fs.mkdirSync(place);
  const file = path.join(folder, `wsuv-${version}.tgz`);
  execFileSync('tar', ['xzf', file, '--strip-components=1', '-C', place]);
  return { ws: withWs, wsuv: withWsuv };
}

function filesOf(place, pattern) {
  return fs
    .readdirSync(place, { recursive: true })
    .filter((file) => !file.startsWith('node_modules') && pattern.test(file))
    .sort();
}

// Mocha's results, which stand apart from what the tests print.
const results = path.join(folder, 'results.json');

// What each runner is started with, and how its tests and their ends are read from what it says.
const runners = {
  mocha: {
    command: (modules, file) => [
      path.join(modules, 'mocha', 'bin', 'mocha.js'),
      ...[
        '--reporter',
        'json',
        '--reporter-option',
        `output=${results}`,
        '--exit',
        '--timeout',
        '20000',
        '--require',
        'coffeescript/register',
        file
      ]
    ],
    read() {
      const { passes, failures } = JSON.parse(fs.readFileSync(results, 'utf8'));
      return [
        ...passes.map(({ fullTitle }) => `ok ${fullTitle}`),
        ...failures.map(({ fullTitle }) => `not ok ${fullTitle}`)
      ];
    }
  },
  node: {
    command: (modules, file) => ['--test', '--test-reporter=tap', file],
    read: readTap
  },
  tape: { command: (modules, file) => [file], read: readTap }
};

// Assertions or tests in their order, without their numbers, and without times and ports in titles.
function readTap(stdout) {
  return [...stdout.matchAll(/^ *((?:not )?ok) \d+ *(?:- )?(.*)$/gm)].map(
    ([, end, title]) => `${end} ${title.replace(/ # time=.*|\d{4,5}/g, '')}`
  );
}

/** @return {String[]} how each test of a file has ended */
function run(place, name, file, runner) {
  const modules = path.join(place, 'node_modules');
  fs.rmSync(results, { force: true });
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    runners[runner].command(modules, file),
    {
      cwd: path.join(modules, name),
      encoding: 'utf8',
      // livereload's tests trust a certificate of their own.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: path.join('test', 'ssl', 'test-root.pem') },
      timeout: 180_000,
      killSignal: 'SIGKILL'
    }
  );
  try {
    return [
      ...runners[runner].read(stdout),
      `exit ${signal ?? (status === 0 ? 0 : 'with failures')}`
    ];
  } catch {
    // It ended before it had results.
    return [`exit ${signal ?? status}: ${stderr.trim().split('\n').slice(-3).join(' ')}`];
  }
}

// The ends of each test, over all attempts; of those with the same title, one behind the other.
class Ends {
  #byTest = new Map();

  /** @param {String[]} ends from run() */
  add(ends) {
    const seen = new Map();
    for (const line of ends) {
      const [, end, title] = /^((?:not )?ok|exit) (.*)$/.exec(line);
      const test = end === 'exit' ? 'exit' : title;
      const count = (seen.get(test) ?? 0) + 1;
      seen.set(test, count);
      const key = `${test} #${count}`;
      if (!this.#byTest.has(key)) this.#byTest.set(key, new Set());
      this.#byTest.get(key).add(line);
    }
  }

  /** @return {String[]} the ends here of the tests that have never ended as in `other` */
  without(other) {
    return [...this.#byTest]
      .filter(([test, ends]) => ![...ends].some((end) => other.of(test).has(end)))
      .flatMap(([, ends]) => [...ends]);
  }

  /** @return {Set<String>} */
  of(test) {
    return this.#byTest.get(test) ?? new Set();
  }
}

const wanted = process.argv.slice(2);
const places = install();
let failures = 0;
for (const [name, { files, runner }] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const counts = { ok: 0, 'not ok': 0 };
  const found = [];
  const list = filesOf(path.join(places.ws, 'node_modules', name), files);
  for (const file of list) {
    const [before, after] = [new Ends(), new Ends()];
    let different;
    // Tests that depend on time fail now and then, on either: what is different is run again, and each
    // test has to end once as it has ended on the other.
    for (let attempt = 0; attempt < 4 && different?.length !== 0; attempt++) {
      before.add(run(places.ws, name, file, runner));
      const last = run(places.wsuv, name, file, runner);
      after.add(last);
      different = [
        ...before.without(after).map((end) => `    - ${end}`),
        ...after.without(before).map((end) => `    + ${end}`)
      ];
      if (different.length > 0) continue;
      for (const end of last) {
        const [kind] = /^(not )?ok/.exec(end) ?? [];
        if (kind) counts[kind]++;
      }
    }
    if (different.length > 0) found.push(`  ${file}`, ...different);
  }
  const passed = found.length === 0 && counts.ok > 0;
  if (!passed) failures++;
  const ends = `${counts.ok} pass and ${counts['not ok']} fail on both`;
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}: ${list.length} files, ${ends}`);
  for (const line of found) console.log(line);
}
console.log(failures === 0 ? 'the same result on ws and on wsuv' : `${failures} packages differ`);
process.exitCode = failures > 0 ? 1 : 0;
