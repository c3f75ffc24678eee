'use strict';

const fs = require('fs');

const { figure } = require('./chart');

/**
 * Writes a table in Markdown.
 *
 * @param {String[]} headings the first is that of the titles
 * @param {Array[]} rows a title, and what stands behind it
 * @param {String} file
 */
function writeMarkdown(headings, rows, file) {
  const line = headings.map((_, index) => (index === 0 ? '---' : '---:'));
  const cells = [headings, line, ...rows];
  fs.writeFileSync(file, `${cells.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
}

/**
 * Writes a group's results as a table in Markdown.
 *
 * @param {{key: String, rows: Object[]}} results
 * @param {String} file
 */
function writeTable({ key, rows }, file) {
  const names = [...new Set(rows.flatMap(({ results }) => Object.keys(results)))];
  const cells = rows.map(({ title, results, ratio }) => [
    title,
    ...names.map((name) => (results[name] === undefined ? '' : figure(results[name][key]))),
    `1/${ratio.toFixed(2)}`
  ]);
  writeMarkdown(['', ...names, 'wsuv to ws'], cells, file);
}

module.exports = { writeMarkdown, writeTable };
