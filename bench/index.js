'use strict';

// Measures wsuv against ws (and others where they can do the work) in turn, each server alone on a
// core:
//
//   npm run bench -- [GROUP...] [--quick] [--runs N] [--seconds S] [--out DIRECTORY]
//   npm run bench -- echo --connections 100 --in-flight 32 --size 20 [--text] [--on http]
//
// The groups are in groups.js; without any, all are measured. Writes GROUP.json and a chart for
// light and for dark pages to build/bench/results, and GROUP.md, a table.

const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');
const { parseArgs } = require('util');

const { drawCharts } = require('./chart');
const { GROUPS, titleOf } = require('./groups');
const { measureLoad, measureMemory, measureStart, medians } = require('./measures');
const { built } = require('./processes');
const { writeTable } = require('./table');
const { installRivals, rivals, versions } = require('./rivals');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
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

const MEASURES = {
  load: {
    runs: quick ? 1 : 5,
    key: 'cpu',
    columns: ['rate', 'cpu', 'p50', 'p90', 'p99', 'p999'],
    measure: measureLoad
  },
  memory: { runs: quick ? 1 : 3, key: 'bytes', columns: ['bytes'], measure: measureMemory },
  start: {
    runs: quick ? 3 : 11,
    key: 'milliseconds',
    columns: ['milliseconds', 'bytes'],
    measure: measureStart
  }
};
const HEADINGS = {
  bytes: 'bytes',
  cpu: 'CPU us',
  milliseconds: 'ms',
  p50: 'p50 us',
  p90: 'p90 us',
  p99: 'p99 us',
  p999: 'p99.9 us',
  rate: '1/s'
};

function loadsOf(group) {
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
function contestants({ withLimit, withRivals }, { idle, kind, on }) {
  const names = ['ws', 'wsuv'];
  if (withRivals && !quick) names.push(...rivals);
  if (withLimit && kind !== 'text' && on === undefined && !idle) names.push('limit');
  return names;
}

function adjusted(load) {
  if (load.warmUp !== undefined) return load;
  const seconds = Number(options.seconds ?? (quick ? 0.5 : 3));
  const timed = { ...load, warmUp: quick ? 0.3 : 1, seconds, idleFor: quick ? 0 : 12 };
  if (quick && load.size === undefined) timed.connections = 1000;
  return timed;
}

function line(name, cells) {
  return [name.padEnd(18), ...cells.map((cell) => String(cell).padStart(11))].join(' ');
}

function format(key, value) {
  if (value === undefined) return '';
  return ['cpu', 'milliseconds'].includes(key) ? value.toFixed(3) : Math.round(value);
}

// A line that the next one replaces.
function showProgress(text) {
  if (!process.stdout.isTTY) return;
  readline.clearLine(process.stdout, 0);
  readline.cursorTo(process.stdout, 0);
  process.stdout.write(text);
}

async function measureRow(group, load) {
  const { columns, key, measure, runs: usual } = MEASURES[group.measure];
  const runs = Number(options.runs ?? usual);
  const names = contestants(group, load);
  const measured = Object.fromEntries(names.map((name) => [name, []]));
  const failures = new Map();
  console.log(`\n${titleOf(load)}; median of ${runs}`);
  console.log(
    line(
      '',
      columns.map((column) => HEADINGS[column])
    )
  );
  for (let i = 0; i < runs; i++) {
    for (const name of names) {
      showProgress(`run ${i + 1} of ${runs}: ${name}`);
      try {
        measured[name].push(await measure(name, adjusted(load)));
      } catch (error) {
        // A rival may be unable to do the work, or to run on this version of Node.js.
        if (!rivals.includes(name)) throw error;
        failures.set(name, error.message);
      }
    }
  }
  showProgress('');
  const results = {};
  for (const name of names) {
    if (failures.has(name)) {
      console.log(`${name}: ${failures.get(name)}`);
      continue;
    }
    const figures = (results[name] = medians(measured[name]));
    console.log(
      line(
        name,
        columns.map((column) => format(column, figures[column]))
      )
    );
  }
  const ratio = results.ws[key] / results.wsuv[key];
  console.log(`wsuv: 1/${ratio.toFixed(2)} of ws`);
  return { title: titleOf(load), load, results, ratio };
}

async function measureGroup(name) {
  const group = GROUPS[name];
  if (group === undefined) {
    throw new Error(`There is no group "${name}"; there are: ${Object.keys(GROUPS).join(', ')}`);
  }
  if (group.withRivals && !quick) installRivals();
  console.log(`\n== ${group.title} (${group.unit})`);
  const rows = [];
  for (const load of loadsOf(group)) rows.push(await measureRow(group, load));
  const { title, unit, measure } = group;
  const { key } = MEASURES[measure];
  return { title, unit, key, ...conditions(), rows };
}

function conditions() {
  return {
    machine: `${os.cpus()[0].model}, ${os.cpus().length} cores, ${os.type()} ${os.release()}`,
    node: process.version,
    versions: {
      ws: require('ws/package.json').version,
      bufferutil: require('bufferutil/package.json').version,
      wsuv: require('../package.json').version,
      ...versions
    }
  };
}

async function main() {
  const { machine, node, versions: measured } = conditions();
  console.log(`${machine}, Node.js ${node}`);
  console.log(
    Object.entries(measured)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')
  );
  fs.mkdirSync(options.out, { recursive: true });
  for (const name of positionals.length > 0 ? positionals : Object.keys(GROUPS)) {
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
