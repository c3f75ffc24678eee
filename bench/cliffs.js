'use strict';

// Looks for sizes at which a message suddenly makes the kernel do much more than a message of a
// neighbouring size does.

const { FIGURES } = require('./figures');

// More than so many times what the neighbour's message takes is a cliff.
const FACTOR = 3;
// What is added to that: so much may come of chance, or of another way to do it.
const ALLOWANCE = { faults: 1, calls: 0.5 };
const PAGE = 4096;
const CHUNK = 64 * 1024;

/**
 * What is no cliff in any case, whatever the neighbours take.
 *
 * @type {Object<String, function(Load): Number>}
 */
const USUAL = {
  // A message has memory of its own that is new, whoever it goes to.
  faults: ({ connections, kind, size }) =>
    Math.ceil(size / PAGE) / (kind === 'fan-out' ? connections : 1),
  // It is read, and written, and comes in chunks.
  calls: ({ size }) => 2 + size / CHUNK
};

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
      for (const key of keys) {
        const [before, after] = [smaller.results.wsuv[key], larger.results.wsuv[key]];
        const mostFor = (load, neighbour) =>
          Math.max(neighbour * FACTOR, USUAL[key](load)) + ALLOWANCE[key];
        if (after <= mostFor(larger.load, before) && before <= mostFor(smaller.load, after)) {
          continue;
        }
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
