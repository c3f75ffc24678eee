'use strict';

// The figures of the documents are in figures.json, and nowhere else.
//
//   node docs/figures.js                      draws the charts from it
//   node docs/figures.js build/bench/results  takes over what `npm run bench` has measured, first
//
// test/package/docs.test.js compares the tables and sentences with it, and says what has to change.

const fs = require('fs');
const path = require('path');

const { drawCharts } = require('../bench/chart');

const file = path.join(__dirname, 'figures.json');
const figures = JSON.parse(fs.readFileSync(file, 'utf8'));

function takeOver(directory) {
  for (const name of Object.keys(figures.groups)) {
    const results = path.join(directory, `${name}.json`);
    // Some groups may have been measured again by themselves.
    if (!fs.existsSync(results)) continue;
    const { machine, node, versions, ...group } = JSON.parse(fs.readFileSync(results, 'utf8'));
    Object.assign(figures, { machine, node, versions });
    for (const row of group.rows) {
      const before = figures.groups[name].rows.find(({ title }) => title === row.title);
      if (before?.readme !== undefined) row.readme = before.readme;
    }
    figures.groups[name] = group;
  }
  fs.writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
}

const [directory] = process.argv.slice(2);
if (directory !== undefined) takeOver(directory);
for (const [name, group] of Object.entries(figures.groups)) {
  drawCharts(group, path.join(__dirname, 'charts', name));
}
