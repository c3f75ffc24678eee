'use strict';

const { measureLoad } = require('./load');
const { measureMemory } = require('./memory');
const { measureStart } = require('./start');

/**
 * @typedef {Object} Measure
 * @property {Number} runs that a row takes the median of
 * @property {Number} quickRuns the same with --quick
 * @property {String[]} columns the keys of all figures
 * @property {String[]} compared the keys of those where less is better, and which ratios are for
 * @property {function(Contestant, Load): Promise<Object>} measure
 */

/** @type {Object<String, Measure>} */
const MEASURES = {
  load: {
    runs: 5,
    quickRuns: 1,
    compared: ['cpu'],
    columns: ['rate', 'cpu', 'p50', 'p90', 'p99', 'p999'],
    measure: measureLoad
  },
  memory: {
    runs: 3,
    quickRuns: 1,
    compared: ['bytes'],
    columns: ['bytes'],
    measure: measureMemory
  },
  start: {
    runs: 11,
    quickRuns: 3,
    compared: ['milliseconds', 'resident'],
    columns: ['milliseconds', 'resident'],
    measure: measureStart
  }
};

module.exports = { MEASURES };
