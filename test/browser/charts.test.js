'use strict';

// The charts of the documents, as a browser draws them: nothing is cut off or lies on something else.

const fs = require('fs');
const path = require('path');

const { openPage } = require('./page');

const folder = path.join(__dirname, '..', '..', 'docs', 'charts');
const charts = fs.readdirSync(folder).filter((name) => name.endsWith('.svg'));
const opened = openPage({ viewport: { width: 1200, height: 1200 } });

// What is outside of the chart, and which labels lie on another label or bar.
function faultsOf() {
  const chart = document.querySelector('svg');
  const frame = chart.getBoundingClientRect();
  const parts = [...chart.querySelectorAll('text, rect')].map((element) => ({
    name: element.textContent || 'a bar',
    isLabel: element.tagName === 'text',
    box: element.getBoundingClientRect()
  }));
  const isOutside = ({ left, right, top, bottom }) =>
    left < frame.left - 0.5 ||
    right > frame.right + 0.5 ||
    top < frame.top - 0.5 ||
    bottom > frame.bottom + 0.5;
  // Lines of text are close; what counts is whether one covers another's letters from the side.
  const middle = ({ top, bottom }) => (top + bottom) / 2;
  const covers = (one, other) =>
    one.left < other.right &&
    other.left < one.right &&
    middle(one) > other.top &&
    middle(one) < other.bottom;
  return [
    ...parts.filter(({ box }) => isOutside(box)).map(({ name }) => `${name} is cut off`),
    ...parts
      .filter(({ isLabel }) => isLabel)
      .flatMap((label) =>
        parts
          .filter((other) => other !== label && covers(label.box, other.box))
          .map(({ name }) => `${label.name} lies on ${name}`)
      )
  ];
}

test('there is a chart for light pages and one for dark pages of each group', () => {
  const names = (theme) =>
    charts
      .filter((name) => name.endsWith(`-${theme}.svg`))
      .map((name) => name.replace(`-${theme}.svg`, ''));
  expect(names('dark')).toEqual(names('light'));
  expect(charts).toHaveLength(2 * names('light').length);
});

test.each(charts)('%s is drawn whole', async (name) => {
  await opened.page.setContent(fs.readFileSync(path.join(folder, name), 'utf8'));
  expect(await opened.page.evaluate(faultsOf)).toEqual([]);
});
