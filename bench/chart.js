'use strict';

const fs = require('fs');

const { figure, linesOf } = require('./figures');
const { inWords } = require('./ratio');

const THEMES = {
  light: { text: '#1f2328', faint: '#59636e', other: '#afb8c1', wsuv: '#0969da' },
  dark: { text: '#f0f6fc', faint: '#9198a1', other: '#57606a', wsuv: '#58a6ff' }
};
// Pixels. The titles' column is as wide as the longest; beside the bars is room for what they mean.
const LEAST_LEFT = 180;
const BARS = 300;
const RIGHT = 210;
const TITLE_SIZE = 12;
// Of a character, as a part of the font's size: wide enough for what titles consist of.
const CHARACTER_WIDTH = 0.6;
const TOP = 56;
const BAR = 13;
const GAP = 3;
const BETWEEN_ROWS = 14;
const FONT = 'font-family="system-ui, -apple-system, Segoe UI, sans-serif"';

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function label(x, y, content, colour, size = 13, anchor = 'start') {
  return (
    `<text x="${x}" y="${y}" fill="${colour}" font-size="${size}" text-anchor="${anchor}" ${FONT}>` +
    `${escape(content)}</text>`
  );
}

// Every row's longest bar has the full length: what counts is the ratio to ws.
function draw({ title, unit, compared, rows }, theme) {
  const bars = rows.flatMap((row) =>
    linesOf(row, compared).map((line) => ({ ...line, ratio: row.toWs[line.key] }))
  );
  const longestTitle = Math.max(...bars.map((bar) => bar.title.length));
  const left = Math.max(LEAST_LEFT, Math.ceil(longestTitle * TITLE_SIZE * CHARACTER_WIDTH) + 24);
  const width = left + BARS + RIGHT;
  const parts = [
    label(0, 20, title, theme.text, 16),
    label(0, 40, `${unit}; shorter is better`, theme.faint)
  ];
  let y = TOP;
  for (const { title: rowTitle, values, ratio } of bars) {
    const entries = Object.entries(values);
    const longest = Math.max(...entries.map(([, value]) => value));
    const height = entries.length * (BAR + GAP);
    parts.push(label(left - 12, y + height / 2 + 4, rowTitle, theme.text, TITLE_SIZE, 'end'));
    for (const [name, value] of entries) {
      const length = Math.max((value / longest) * BARS, 1);
      const colour = name === 'wsuv' ? theme.wsuv : theme.other;
      const content = `${name} ${figure(value)}` + (name === 'wsuv' ? `  (${inWords(ratio)})` : '');
      parts.push(
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" ` +
          `fill="${colour}"/>`,
        label(left + length + 6, y + 10.5, content, theme.text, 11)
      );
      y += BAR + GAP;
    }
    y += BETWEEN_ROWS;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" ` +
    `height="${y}" role="img" aria-label="${escape(title)}">\n${parts.join('\n')}\n</svg>\n`
  );
}

/**
 * Draws a group's results for light and for dark pages.
 *
 * @param {{title: String, unit: String, compared: String[], rows: Row[]}} results
 * @param {String} file the path without "-light.svg"
 */
function drawCharts(results, file) {
  for (const [name, theme] of Object.entries(THEMES)) {
    fs.writeFileSync(`${file}-${name}.svg`, draw(results, theme));
  }
}

module.exports = { drawCharts };
