'use strict';

// Draws what `npm run bench -- GROUP --json FILE` has measured, for light and for dark pages:
//
//   node bench/chart.js FILE docs/charts/NAME "Title"
//
// writes docs/charts/NAME-light.svg and NAME-dark.svg.

const fs = require('fs');

const [, , file, target, title] = process.argv;
const THEMES = {
  light: { text: '#1f2328', faint: '#59636e', ws: '#afb8c1', wsuv: '#0969da' },
  dark: { text: '#f0f6fc', faint: '#9198a1', ws: '#57606a', wsuv: '#58a6ff' }
};
const LEFT = 210;
const WIDTH = 760;
const BAR = 14;
const ROW = 46;
const TOP = 56;

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function sizeOf(bytes) {
  if (bytes >= 1024 * 1024) return `${bytes / 1024 / 1024} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

function microseconds(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

// Every row's longer bar has the full length: what counts is the ratio.
function draw(rows, { text, faint, ws, wsuv }) {
  const height = TOP + rows.length * ROW + 24;
  const full = WIDTH - LEFT - 130;
  const font = 'font-family="system-ui, -apple-system, Segoe UI, sans-serif"';
  const label = (x, y, content, colour, size = 13, anchor = 'start') =>
    `<text x="${x}" y="${y}" fill="${colour}" font-size="${size}" text-anchor="${anchor}" ${font}>${escape(content)}</text>`;
  const parts = [
    label(0, 20, title, text, 16),
    label(0, 40, 'CPU microseconds of the server a message; shorter is better', faint)
  ];
  rows.forEach(({ load, ws: rival, wsuv: own, ratio }, i) => {
    const y = TOP + i * ROW;
    const longest = Math.max(rival.cpu, own.cpu);
    const bar = (offset, value, colour, content) => {
      const length = Math.max((value / longest) * full, 1).toFixed(1);
      parts.push(
        `<rect x="${LEFT}" y="${y + offset}" width="${length}" height="${BAR}" rx="2" fill="${colour}"/>`,
        label(LEFT + Number(length) + 8, y + offset + 11, content, text, 12)
      );
    };
    parts.push(
      label(LEFT - 12, y + 21, `${sizeOf(load.size)}, ${load.inFlight} in flight`, text, 13, 'end')
    );
    bar(2, rival.cpu, ws, `ws ${microseconds(rival.cpu)}`);
    bar(BAR + 6, own.cpu, wsuv, `wsuv ${microseconds(own.cpu)}  (1/${ratio.toFixed(1)})`);
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `height="${height}" role="img" aria-label="${escape(title)}">\n${parts.join('\n')}\n</svg>\n`
  );
}

const rows = JSON.parse(fs.readFileSync(file, 'utf8'));
for (const [name, theme] of Object.entries(THEMES)) {
  fs.writeFileSync(`${target}-${name}.svg`, draw(rows, theme));
}
