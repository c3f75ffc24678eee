'use strict';

// Measures wsuv against ws (and others where they can do the work) in turn, each server alone on a
// core:
//
//   npm run bench -- [GROUP...] [--quick] [--runs N] [--seconds S] [--out DIRECTORY]
//                    [--against FOLDER]
//   npm run bench -- echo --connections 100 --in-flight 32 --size 20 [--text] [--on http]
//
// The groups are in groups.js; without any, all are measured. FOLDER is that of another build of
// wsuv, which is measured beside the others and compared with this one. Writes GROUP.json and a
// chart for light and for dark pages to build/bench/results, and GROUP.md, a table.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const { drawCharts } = require('./chart');
const { LIMIT, RIVALS, WS, WSUV, against } = require('./contestants');
const { GROUPS } = require('./groups');
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
    runs: { type: 'string' },
    seconds: { type: 'string' },
    size: { type: 'string' },
    text: { type: 'boolean', default: false }
  }
});
const { quick } = options;
const builds = options.against === undefined ? [WSUV] : [WSUV, against(options.against)];

function loadsOf(group) {
  if (group.measure !== 'load') return group.loads;
  if (options.size === undefined && options['in-flight'] === undefined) return group.loads;
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
function contestantsFor({ withLimit, withRivals }, { idle, kind, on }) {
  const contestants = [WS, ...builds];
  if (withRivals && !quick) contestants.push(...RIVALS);
  if (withLimit && kind !== 'text' && on === undefined && !idle) contestants.push(LIMIT);
  return contestants;
}

function adjusted(load) {
  const seconds = Number(options.seconds ?? (quick ? 0.5 : 3));
  const timed = { ...load, warmUp: quick ? 0.3 : 1, seconds, idleFor: quick ? 0 : 12 };
  if (quick && load.connections > 1000) timed.connections = 1000;
  return timed;
}

async function measureGroup(name) {
  const group = GROUPS[name];
  const { title, unit } = group;
  if (group.withRivals && !quick) installRivals();
  console.log(`\n== ${title} (${unit})`);
  const measure = MEASURES[group.measure];
  const runs = Number(options.runs ?? (quick ? measure.quickRuns : measure.runs));
  const rows = [];
  for (const load of loadsOf(group)) {
    rows.push(await measureRow(contestantsFor(group, load), adjusted(load), measure, runs));
  }
  return { title, unit, compared: measure.compared, ...conditions(), rows };
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

function groupsToMeasure() {
  const all = Object.keys(GROUPS);
  for (const name of positionals) {
    if (all.includes(name)) continue;
    throw new Error(`There is no group "${name}"; there are: ${all.join(', ')}`);
  }
  return positionals.length > 0 ? positionals : all;
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
  for (const name of groups) {
    const results = await measureGroup(name);
    const file = path.join(options.out, name);
    fs.writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 2)}\n`);
    drawCharts(results, file);
    writeTable(results, `${file}.md`);
  }
  console.log(`\nResults and charts: ${path.relative('.', options.out)}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
