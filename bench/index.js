'use strict';

// Measures wsuv against ws (and others where they can do the work) in turn, each server alone on a
// core:
//
//   npm run bench -- [GROUP...] [--quick] [--runs N] [--seconds S] [--out DIRECTORY]
//                    [--against FOLDER] [--rows TEXT]
//   npm run bench -- echo --connections 100 --in-flight 32 --size 20 [--text] [--on http]
//
// The groups are in groups.js; without any, all are measured. FOLDER is that of another build of
// wsuv, which is measured beside the others and compared with this one. Only rows whose titles have
// TEXT are measured. Writes GROUP.json and a chart for light and for dark pages to
// build/bench/results, and GROUP.md, a table.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const { drawCharts } = require('./chart');
const { findCliffs } = require('./cliffs');
const { LIMIT, RIVALS, WS, WSUV, against } = require('./contestants');
const { GROUPS } = require('./groups');
const { titleOf } = require('./loads');
const { MEASURES } = require('./measures');
const { built } = require('./processes');
const { installRivals } = require('./rivals');
const { measureRow } = require('./rows');
const { writeTable } = require('./table');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string' },
    connections: { type: 'string' },
    'in-flight': { type: 'string' },
    on: { type: 'string' },
    out: { type: 'string', default: path.join(built, 'results') },
    quick: { type: 'boolean', default: false },
    rows: { type: 'string', default: '' },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    size: { type: 'string' },
    text: { type: 'boolean', default: false }
  }
});
const { quick } = options;
// So many at most with --quick.
const QUICK_CONNECTIONS = 500;
const builds = options.against === undefined ? [WSUV] : [WSUV, against(options.against)];

function loadsOf(group) {
  const isOwn = options.size !== undefined || options['in-flight'] !== undefined;
  if (group.measure !== 'load' || !isOwn) {
    return group.loads.filter((load) => (load.isQuick ?? true) || !quick);
  }
  return [
    {
      on: options.on,
      connections: Number(options.connections ?? 100),
      inFlight: Number(options['in-flight'] ?? 1),
      size: Number(options.size ?? 20),
      kind: options.text ? 'text' : 'binary'
    }
  ];
}

// Nobody is measured at what it does not do.
function contestantsFor({ alone, withLimit, withRivals }, { idle, kind, on }) {
  const contestants = alone ? [...builds] : [WS, ...builds];
  if (withRivals && !quick) contestants.push(...RIVALS);
  if (withLimit && kind !== 'text' && on === undefined && !idle) contestants.push(LIMIT);
  return contestants;
}

// With the times of a run, in seconds. After ten idle ones, V8 gives back what it has grown by.
function timed(load, { times }) {
  const usual = quick
    ? { warmUp: 0.2, seconds: 0.5, idleFor: 0, backFor: 0.2 }
    : { warmUp: 1, seconds: 3, idleFor: 12, backFor: 10, ...times };
  const all = { ...load, ...usual };
  if (options.seconds !== undefined) all.seconds = Number(options.seconds);
  if (quick) {
    if (load.connections > QUICK_CONNECTIONS) all.connections = QUICK_CONNECTIONS;
    if (load.idle > QUICK_CONNECTIONS) all.idle = QUICK_CONNECTIONS;
  }
  return all;
}

async function measureGroup(name) {
  const group = GROUPS[name];
  const { hasChart = true, table = 'figures', title, unit } = group;
  if (group.withRivals && !quick) installRivals();
  console.log(`\n== ${title} (${unit})`);
  const measure = MEASURES[group.measure];
  const usual = quick ? measure.quickRuns : (group.runs ?? measure.runs);
  const runs = Number(options.runs ?? usual);
  const rows = [];
  for (const load of loadsOf(group)) {
    if (!titleOf(load).includes(options.rows)) continue;
    rows.push(await measureRow(contestantsFor(group, load), timed(load, group), measure, runs));
  }
  const { columns, compared } = measure;
  const results = { title, unit, table, columns, compared, ...conditions(), rows };
  const file = path.join(options.out, name);
  fs.writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 2)}\n`);
  if (hasChart) drawCharts(results, file);
  writeTable(results, `${file}.md`);
  if (table !== 'counts') return;
  const cliffs = findCliffs(rows, compared);
  console.log(`\n${[`${cliffs.length} cliffs`, ...cliffs].join('\n')}`);
  if (cliffs.length > 0) process.exitCode = 1;
}

// The commit of a clone, if it is one.
function commitOf(folder) {
  try {
    return execFileSync('git', ['-C', folder, 'describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    }).trim();
  } catch {
    return undefined;
  }
}

function conditions() {
  const versions = {
    ws: WS.version,
    bufferutil: require('bufferutil/package.json').version
  };
  for (const { name, package: folder, version } of builds) {
    const commit = commitOf(folder);
    versions[name] = commit === undefined ? version : `${version} (${commit})`;
  }
  for (const { name, version } of RIVALS) versions[name] = version;
  return {
    machine: `${os.cpus()[0].model}, ${os.cpus().length} cores, ${os.type()} ${os.release()}`,
    node: process.version,
    versions
  };
}

// Those that are named, each with those whose names begin so: "memory" has "memory-burst".
function groupsToMeasure() {
  const all = Object.keys(GROUPS);
  if (positionals.length === 0) return all.filter((name) => !GROUPS[name].onRequest);
  return positionals.flatMap((wanted) => {
    const found = all.filter((name) => name === wanted || name.startsWith(`${wanted}-`));
    if (found.length > 0) return found;
    throw new Error(`There is no group "${wanted}"; there are: ${all.join(', ')}`);
  });
}

async function main() {
  const groups = groupsToMeasure();
  const { machine, node, versions } = conditions();
  console.log(`${machine}, Node.js ${node}`);
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')
  );
  fs.mkdirSync(options.out, { recursive: true });
  for (const name of groups) await measureGroup(name);
  console.log(`\nResults and charts: ${path.relative('.', options.out)}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
