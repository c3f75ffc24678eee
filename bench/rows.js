'use strict';

// Measures one row of a group and says on the console how it goes.

const readline = require('readline');

const { RIVALS } = require('./contestants');
const { FIGURES, plainFigure } = require('./figures');
const { titleOf } = require('./loads');
const { inWords } = require('./ratio');
const { comparePairs, medians } = require('./statistics');

/**
 * @typedef {Object} Row
 * @property {String} title
 * @property {Load} load
 * @property {Object<String, Object>} results each contestant's figures, medians of all runs
 * @property {Object<String, Number>} toWs by key: what wsuv takes, divided by what ws takes
 * @property {Object<String, {median: Number, minimum: Number}>} [toAgainst] by key: what wsuv takes
 *     to what the other build takes; see comparePairs()
 */

function printLine(name, cells) {
  console.log([name.padEnd(18), ...cells.map((cell) => cell.padStart(11))].join(' '));
}

// A line that the next one replaces.
function showProgress(text) {
  if (!process.stdout.isTTY) return;
  readline.clearLine(process.stdout, 0);
  readline.cursorTo(process.stdout, 0);
  process.stdout.write(text);
}

// All runs of each contestant. They take turns, every other time in the opposite order, so that
// what changes with time is not one contestant's.
async function runAll(contestants, load, measure, runs) {
  const measured = new Map(contestants.map((contestant) => [contestant, []]));
  for (let i = 0; i < runs; i++) {
    const turn = i % 2 === 0 ? contestants : contestants.toReversed();
    for (const contestant of turn) {
      if (!measured.has(contestant)) continue;
      showProgress(`run ${i + 1} of ${runs}: ${contestant.name}`);
      try {
        measured.get(contestant).push(await measure(contestant, load));
      } catch (error) {
        // A rival may be unable to do the work, or to run on this version of Node.js.
        if (!RIVALS.includes(contestant)) throw error;
        measured.delete(contestant);
        showProgress('');
        console.log(`${contestant.name}: ${error.message}`);
      }
    }
  }
  showProgress('');
  return new Map([...measured].map(([contestant, all]) => [contestant.name, all]));
}

/**
 * Measures a row.
 *
 * @param {Contestant[]} contestants
 * @param {Load} load
 * @param {Measure} kind
 * @param {Number} runs
 * @return {Promise<Row>}
 */
async function measureRow(contestants, load, { columns, compared, measure }, runs) {
  const title = titleOf(load);
  console.log(`\n${[title, `median of ${runs}`].filter(Boolean).join('; ')}`);
  const measured = await runAll(contestants, load, measure, runs);
  const results = Object.fromEntries([...measured].map(([name, all]) => [name, medians(all)]));
  const shown = columns.filter((key) =>
    Object.values(results).some((figures) => figures[key] !== undefined)
  );
  printLine(
    '',
    shown.map((key) => FIGURES[key].heading)
  );
  for (const [name, figures] of Object.entries(results)) {
    printLine(
      name,
      shown.map((key) => plainFigure(figures[key]))
    );
  }
  const row = { title, load, results, toWs: {} };
  const { ws, wsuv } = results;
  if (ws !== undefined) {
    for (const key of compared) row.toWs[key] = wsuv[key] / ws[key];
    const parts = compared.map((key) => `${FIGURES[key].heading} ${inWords(row.toWs[key])}`);
    console.log(`wsuv to ws: ${parts.join(', ')}`);
  }
  if (results.against !== undefined) {
    row.toAgainst = {};
    for (const key of compared) {
      const pair = comparePairs(measured.get('wsuv'), measured.get('against'), key);
      row.toAgainst[key] = pair;
      console.log(
        `wsuv to against, ${FIGURES[key].heading}: median of pairs ${pair.median.toFixed(3)}, ` +
          `minima ${pair.minimum.toFixed(3)}`
      );
    }
  }
  return row;
}

module.exports = { measureRow };
