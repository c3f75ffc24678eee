'use strict';

const fs = require('fs');

const THEMES = {
  light: { text: '#1f2328', faint: '#59636e', other: '#afb8c1', wsuv: '#0969da' },
  dark: { text: '#f0f6fc', faint: '#9198a1', other: '#57606a', wsuv: '#58a6ff' }
};
const WIDTH = 760;
const LEFT = 290;
const RIGHT = 170;
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

/** A figure with three digits or so. */
function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

// Every row's longest bar has the full length: what counts is the ratio to ws.
function draw({ title, unit, key, rows }, theme) {
  const parts = [
    label(0, 20, title, theme.text, 16),
    label(0, 40, `${unit}; shorter is better`, theme.faint)
  ];
  let y = TOP;
  for (const { title: rowTitle, results } of rows) {
    const entries = Object.entries(results);
    const longest = Math.max(...entries.map(([, result]) => result[key]));
    const height = entries.length * (BAR + GAP);
    parts.push(label(LEFT - 12, y + height / 2 + 4, rowTitle, theme.text, 12, 'end'));
    for (const [name, result] of entries) {
      const length = Math.max((result[key] / longest) * (WIDTH - LEFT - RIGHT), 1);
      const colour = name === 'wsuv' ? theme.wsuv : theme.other;
      const ratio = results.ws[key] / result[key];
      const content =
        `${name} ${figure(result[key])}` + (name === 'wsuv' ? `  (1/${ratio.toFixed(1)})` : '');
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" ` +
          `fill="${colour}"/>`,
        label(LEFT + length + 6, y + 10.5, content, theme.text, 11)
      );
      y += BAR + GAP;
    }
    y += BETWEEN_ROWS;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" ` +
    `height="${y}" role="img" aria-label="${escape(title)}">\n${parts.join('\n')}\n</svg>\n`
  );
}

/**
 * Draws a group's results for light and for dark pages.
 *
 * @param {{title: String, unit: String, key: String, rows: Object[]}} results
 * @param {String} file the path without "-light.svg"
 */
function drawCharts(results, file) {
  for (const [name, theme] of Object.entries(THEMES)) {
    fs.writeFileSync(`${file}-${name}.svg`, draw(results, theme));
  }
}

module.exports = { drawCharts, figure };
