'use strict';

const fs = require('fs');

const { figure, linesOf } = require('./figures');
const { inWords } = require('./ratio');

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

// How two builds compare: the median of the pairs, and the minima.
function pairInWords({ median, minimum }) {
  return `${inWords(median)} (${inWords(minimum)})`;
}

// A line for each figure, a column for each contestant.
function byFigure({ compared, rows }) {
  const names = [...new Set(rows.flatMap(({ results }) => Object.keys(results)))];
  const comparesBuilds = names.includes('against');
  const headings = ['', ...names, 'wsuv to ws'];
  if (comparesBuilds) headings.push('wsuv to against');
  const cells = rows.flatMap((row) =>
    linesOf(row, compared).map(({ title, key, values }) => [
      title,
      ...names.map((name) => figure(values[name])),
      inWords(row.toWs[key]),
      ...(comparesBuilds ? [pairInWords(row.toAgainst[key])] : [])
    ])
  );
  return [headings, cells];
}

/**
 * Writes a group's results as a table in Markdown.
 *
 * @param {{compared: String[], rows: Row[]}} results
 * @param {String} file
 */
function writeTable(results, file) {
  const [headings, cells] = byFigure(results);
  writeMarkdown(headings, cells, file);
}

module.exports = { writeMarkdown, writeTable };
