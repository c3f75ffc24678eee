'use strict';

const { measureAbuse } = require('./abuse');
const { measureInstructions } = require('./instructions');
const { measureCounts, measureGarbage, measureLatency, measureLoad } = require('./load');
const { measureBurst, measureMemory, measureSlowReaders } = require('./memory');
const { measureStart } = require('./start');
const { measureStream } = require('./stream');

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
  abuse: {
    runs: 3,
    quickRuns: 1,
    compared: ['ms50', 'ms99', 'ms999', 'open50', 'open99', 'peak', 'longestDelay'],
    columns: ['ms50', 'ms99', 'ms999', 'open50', 'open99', 'lost', 'peak', 'longestDelay', 'rate'],
    measure: measureAbuse
  },
  burst: {
    runs: 3,
    quickRuns: 1,
    compared: ['leftBytes'],
    columns: ['bytes', 'peakBytes', 'leftBytes', 'kept'],
    measure: measureBurst
  },
  counts: {
    runs: 1,
    quickRuns: 1,
    compared: ['faults', 'calls'],
    columns: ['faults', 'calls'],
    measure: measureCounts
  },
  garbage: {
    runs: 3,
    quickRuns: 1,
    compared: ['young', 'collections'],
    columns: ['young', 'collections'],
    measure: measureGarbage
  },
  instructions: {
    runs: 3,
    quickRuns: 1,
    compared: ['instructions'],
    columns: ['instructions'],
    measure: measureInstructions
  },
  latency: {
    runs: 5,
    quickRuns: 1,
    compared: ['ms10', 'ms50', 'ms99', 'longestDelay'],
    columns: ['ms10', 'ms50', 'ms99', 'longestDelay'],
    measure: measureLatency
  },
  memory: {
    runs: 3,
    quickRuns: 1,
    compared: ['bytes'],
    columns: ['bytes'],
    measure: measureMemory
  },
  slowReaders: {
    runs: 3,
    quickRuns: 1,
    compared: ['peak', 'left'],
    columns: ['peak', 'left'],
    measure: measureSlowReaders
  },
  start: {
    runs: 11,
    quickRuns: 3,
    compared: ['milliseconds', 'resident'],
    columns: ['milliseconds', 'resident'],
    measure: measureStart
  },
  stream: {
    runs: 3,
    quickRuns: 1,
    compared: ['cpu', 'peak'],
    columns: ['rate', 'cpu', 'peak'],
    measure: measureStream
  }
};

module.exports = { MEASURES };
