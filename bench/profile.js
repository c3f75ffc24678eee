'use strict';

// Says where the time of a message goes, with perf (Debian: linux-perf) and the right to use it:
//
//   npm run bench:profile
//
// Writes profile.json, and profile.md, a table, to build/bench/results. The total is measured
// without perf; what perf sees is shared out over it.

const { execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');

const { LIMIT, WSUV } = require('./contestants');
const { figure } = require('./figures');
const { GROUPS } = require('./groups');
const { titleOf } = require('./loads');
const { measureLoad } = require('./measures/load');
const { built } = require('./processes');
const { medians } = require('./statistics');
const { writeMarkdown } = require('./table');

const RUNS = 3;
const TIMES = { warmUp: 1, seconds: 3 };
// Samples a second, and what is sampled: a clock that virtual machines have, too.
const FREQUENCY = 2000;
const EVENT = 'cpu-clock';

const READ = 'kernel: read';
const WRITE = 'kernel: write';
const OTHER = 'kernel: other';
const PARTS = [READ, WRITE, OTHER, 'libuv', 'Node.js, V8', 'JavaScript', 'addon', 'libc'];

const [handshake] = GROUPS.connections.loads;
const loads = [
  ...GROUPS.echo.loads.filter(({ kind }) => kind === 'binary'),
  ...GROUPS['fan-out'].loads,
  handshake
];

/** Samples a process for some seconds, which it must outlive. */
async function record(pid, seconds, file) {
  const options = ['-q', '-g', '-e', EVENT, '-F', FREQUENCY, '-p', pid, '-o', file];
  const perf = spawn('perf', ['record', ...options, '--', 'sleep', seconds].map(String), {
    stdio: ['ignore', 'ignore', 'inherit']
  });
  const [code] = await once(perf, 'exit');
  if (code !== 0) throw new Error(`perf record failed (${code})`);
}

// Whose a sample is: `frames` are "symbol (object)", the innermost first.
function partOf(frames) {
  const isKernel = (frame) => frame.endsWith('([kernel.kallsyms])');
  if (isKernel(frames[0])) {
    // The function of libc that made the call.
    const [caller = ''] = (frames.find((frame) => !isKernel(frame)) ?? '').split(' ');
    if (/(^|_)read$/.test(caller)) return READ;
    return /(^|_)(writev?|send|sendmsg)$/.test(caller) ? WRITE : OTHER;
  }
  const [, symbol, object] = /^(.*) \((.*)\)$/.exec(frames[0]);
  if (object.endsWith('.node')) return 'addon';
  if (/\/lib|vdso/.test(object)) return 'libc';
  if (object.endsWith('/node')) {
    return symbol.startsWith('uv_') ? 'libuv' : 'Node.js, V8';
  }
  return 'JavaScript';
}

/** What part of the samples is whose. */
function sharesOf(file) {
  const options = ['script', '-i', file, '-F', 'ip,sym,dso'];
  const text = execFileSync('perf', options, {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'ignore']
  });
  const samples = text
    .split('\n\n')
    .map((sample) => sample.trim())
    .filter(Boolean)
    .map((sample) => sample.split('\n').map((frame) => frame.trim().replace(/^\w+ /, '')));
  const shares = Object.fromEntries(PARTS.map((part) => [part, 0]));
  for (const frames of samples) shares[partOf(frames)] += 1 / samples.length;
  return shares;
}

async function profile(load) {
  const row = { title: titleOf(load) };
  for (const contestant of [LIMIT, WSUV]) {
    const runs = [];
    for (let i = 0; i < RUNS; i++) runs.push(await measureLoad(contestant, load));
    row[contestant.name] = medians(runs).cpu;
  }
  const file = path.join(built, 'profile.data');
  let recorded;
  await measureLoad(WSUV, load, ({ pid }) => {
    recorded = record(pid, load.seconds - 1, file);
  });
  await recorded;
  row.parts = sharesOf(file);
  for (const part of PARTS) row.parts[part] *= row.wsuv;
  return row;
}

async function main() {
  const rows = [];
  for (const load of loads) {
    const row = await profile({ ...load, ...TIMES });
    rows.push(row);
    const parts = PARTS.map((part) => `${part} ${figure(row.parts[part])}`).join(', ');
    console.log(`${row.title}: ${figure(row.wsuv)} us; ${parts}`);
  }
  const out = path.join(built, 'results');
  const cells = rows.map(({ title, limit, wsuv, parts }) => [
    title,
    ...[limit, wsuv, ...PARTS.map((part) => parts[part])].map(figure)
  ]);
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, 'profile.json'), `${JSON.stringify(rows, null, 2)}\n`);
  writeMarkdown(['', 'limit', 'wsuv', ...PARTS], cells, path.join(out, 'profile.md'));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
