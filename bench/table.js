'use strict';

const fs = require('fs');

const { figure } = require('./chart');

/**
 * Writes a group's results as a table in Markdown.
 *
 * @param {{key: String, rows: Object[]}} results
 * @param {String} file
 */
function writeTable({ key, rows }, file) {
  const names = [...new Set(rows.flatMap(({ results }) => Object.keys(results)))];
  const cells = [
    ['', ...names, 'wsuv to ws'],
    ['---', ...names.map(() => '---:'), '---:'],
    ...rows.map(({ title, results, ratio }) => [
      title,
      ...names.map((name) => (results[name] === undefined ? '' : figure(results[name][key]))),
      `1/${ratio.toFixed(2)}`
    ])
  ];
  fs.writeFileSync(file, `${cells.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
}

module.exports = { writeTable };
