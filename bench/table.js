'use strict';

const fs = require('fs');

const { FIGURES, figure, linesOf } = require('./figures');
const { inWords } = require('./ratio');

// Of what ws takes: a cell of a matrix with more stands out.
const GOAL = 0.8;

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

// A line for each contestant and one for each ratio, a column for each figure.
function byContestant({ columns, rows }) {
  const headings = ['', '', ...columns.map((key) => FIGURES[key].heading)];
  const cells = rows.flatMap(({ title, results, toWs, toAgainst }) => {
    const lines = Object.entries(results).map(([name, figures]) => [
      name,
      ...columns.map((key) => figure(figures[key]))
    ]);
    lines.push(['wsuv to ws', ...columns.map((key) => inWords(toWs[key]))]);
    if (toAgainst !== undefined) {
      const pairs = columns.map((key) => (key in toAgainst ? pairInWords(toAgainst[key]) : ''));
      lines.push(['wsuv to against', ...pairs]);
    }
    return lines.map((line, index) => [index === 0 ? title : '', ...line]);
  });
  return [headings, cells];
}

// A line and a column for each of those that the loads name, and what a row is in a cell; the corner
// says what that is.
function matrix(rows, corner, cellOf) {
  const columns = [...new Set(rows.map(({ load }) => load.column))];
  const lines = [...new Set(rows.map(({ load }) => load.line))];
  const cells = lines.map((line) => [
    line,
    ...columns.map((column) => {
      const row = rows.find(({ load }) => load.line === line && load.column === column);
      return row === undefined ? '' : cellOf(row);
    })
  ]);
  return [[corner, ...columns], cells];
}

// What wsuv takes of what ws takes; and to the other build, where there is one.
function byRatio({ compared: [key], rows }) {
  const comparesBuilds = rows.some(({ toAgainst }) => toAgainst !== undefined);
  const corner = comparesBuilds ? 'to ws (to against)' : 'to ws';
  return matrix(rows, corner, ({ toWs, toAgainst }) => {
    const ratio = toWs[key].toFixed(2);
    const cell = toWs[key] > GOAL ? `**${ratio}**` : ratio;
    return toAgainst === undefined ? cell : `${cell} (${toAgainst[key].median.toFixed(2)})`;
  });
}

// The counts of wsuv.
function byCounts({ compared, rows }) {
  const corner = compared.map((key) => FIGURES[key].heading).join(' / ');
  return matrix(rows, corner, ({ results: { wsuv } }) =>
    compared.map((key) => wsuv[key].toFixed(2)).join(' / ')
  );
}

const TABLES = {
  figures: byFigure,
  contestants: byContestant,
  matrix: byRatio,
  counts: byCounts
};

/**
 * Writes a group's results as a table in Markdown.
 *
 * @param {{table: String, columns: String[], compared: String[], rows: Row[]}} results `table` as in
 *     groups.js
 * @param {String} file
 */
function writeTable(results, file) {
  const [headings, cells] = TABLES[results.table](results);
  writeMarkdown(headings, cells, file);
}

module.exports = { writeMarkdown, writeTable };
