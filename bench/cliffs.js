'use strict';

// Looks for sizes at which a message suddenly makes the kernel do much more than a message of a
// neighbouring size does.

const { FIGURES } = require('./figures');

// More than so many times what the neighbour's message takes is a cliff. A larger message may take
// more in proportion to its size.
const FACTOR = 3;
// What is added to that: so much may come of chance, or of another way to do it.
const ALLOWANCE = { faults: 1, calls: 2 };
const PAGE = 4096;

// What is no cliff in any case: a message may have memory of its own that is new, whoever it goes to.
function usual(key, { connections, kind, size }) {
  if (key !== 'faults') return 0;
  const pages = Math.ceil(size / PAGE);
  return kind === 'fan-out' ? pages / connections : pages;
}

/**
 * Compares each size with the next one, in each column.
 *
 * @param {Row[]} rows each column's sizes in order
 * @param {String[]} keys of the figures that are looked at
 * @return {String[]} a sentence for each cliff
 */
function findCliffs(rows, keys) {
  const cliffs = [];
  for (const column of new Set(rows.map(({ load }) => load.column))) {
    const sizes = rows.filter(({ load }) => load.column === column);
    for (let i = 1; i < sizes.length; i++) {
      const [smaller, larger] = [sizes[i - 1], sizes[i]];
      const growth = larger.load.size / smaller.load.size;
      for (const key of keys) {
        const [before, after] = [smaller.results.wsuv[key], larger.results.wsuv[key]];
        const most = Math.max(before * growth * FACTOR, usual(key, larger.load)) + ALLOWANCE[key];
        const mostBefore = Math.max(after * FACTOR, usual(key, smaller.load)) + ALLOWANCE[key];
        if (after <= most && before <= mostBefore) continue;
        cliffs.push(
          `${column}: ${smaller.load.line} takes ${before.toFixed(2)} ${FIGURES[key].name} a ` +
            `message, and ${larger.load.line} ${after.toFixed(2)}`
        );
      }
    }
  }
  return cliffs;
}

module.exports = { findCliffs };
