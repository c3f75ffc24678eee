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
  calls: { heading: 'calls', name: 'calls of read and write' },
  collections: { heading: 'GC/million', name: 'collections a million messages' },
  cpu: { heading: 'CPU us', name: 'CPU microseconds' },
  faults: { heading: 'page faults', name: 'page faults' },
  instructions: { heading: 'instructions', name: 'instructions' },
  kept: { heading: 'left/before', name: 'left, in parts of what was before' },
  left: { heading: 'left MiB', name: 'MiB left' },
  leftBytes: { heading: 'left bytes', name: 'bytes left' },
  longestDelay: { heading: 'loop ms', name: 'longest turn of the event loop, ms' },
  lost: { heading: 'lost', name: 'connections lost or refused' },
  milliseconds: { heading: 'CPU ms', name: 'CPU milliseconds to load the package' },
  ms10: { heading: 'p10 ms', name: 'p10, ms' },
  ms50: { heading: 'p50 ms', name: 'p50, ms' },
  ms99: { heading: 'p99 ms', name: 'p99, ms' },
  ms999: { heading: 'p99.9 ms', name: 'p99.9, ms' },
  open50: { heading: 'open p50', name: 'until a connection is open, p50, ms' },
  open99: { heading: 'open p99', name: 'until a connection is open, p99, ms' },
  p10: { heading: 'p10 us', name: 'p10, microseconds' },
  p50: { heading: 'p50 us', name: 'p50, microseconds' },
  p90: { heading: 'p90 us', name: 'p90, microseconds' },
  p99: { heading: 'p99 us', name: 'p99, microseconds' },
  p999: { heading: 'p99.9 us', name: 'p99.9, microseconds' },
  peak: { heading: 'peak MiB', name: 'MiB at most' },
  peakBytes: { heading: 'peak bytes', name: 'bytes at most' },
  rate: { heading: '1/s', name: 'a second' },
  resident: { heading: 'MiB', name: 'resident MiB' },
  young: { heading: 'young bytes', name: 'bytes of the young generation a message' }
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
