'use strict';

// What the figures are called, and how they are written.

/**
 * By their keys in results: the heading of a column, and what a figure is called where it stands
 * for itself.
 *
 * @type {Object<String, {heading: String, name: String}>}
 */
const FIGURES = {
  bytes: { heading: 'bytes', name: 'resident bytes' },
  cpu: { heading: 'CPU us', name: 'CPU microseconds' },
  milliseconds: { heading: 'ms', name: 'milliseconds to load the package' },
  p50: { heading: 'p50 us', name: 'median latency, microseconds' },
  p90: { heading: 'p90 us', name: '90% below, microseconds' },
  p99: { heading: 'p99 us', name: '99% below, microseconds' },
  p999: { heading: 'p99.9 us', name: '99.9% below, microseconds' },
  rate: { heading: '1/s', name: 'a second' },
  resident: { heading: 'MiB', name: 'resident MiB' }
};

/** A figure with three digits or so. */
function figure(value) {
  if (value === undefined) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A figure for the console, where columns are compared by eye. */
function plainFigure(value) {
  if (value === undefined) return '';
  return value >= 1000 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 2 : 3);
}

/**
 * What a row's results say, figure by figure.
 *
 * @param {Row} row
 * @param {String[]} keys of the figures
 * @return {{title: String, key: String, values: Object<String, Number>}[]} each contestant's
 *     figures; where there are several keys, a title names its figure
 */
function linesOf({ title, results }, keys) {
  return keys.map((key) => ({
    title: keys.length === 1 ? title : [title, FIGURES[key].name].filter(Boolean).join(': '),
    key,
    values: Object.fromEntries(
      Object.entries(results)
        .filter(([, figures]) => figures[key] !== undefined)
        .map(([name, figures]) => [name, figures[key]])
    )
  }));
}

module.exports = { FIGURES, figure, linesOf, plainFigure };
