'use strict';

// What a server knows of itself.

const { monitorEventLoopDelay } = require('perf_hooks');
const v8 = require('v8');

// Milliseconds between two looks at the clock.
const RESOLUTION = 1;

// Those of V8's collections that empty the young generation.
const COLLECTIONS = new Set(['Scavenge', 'MarkSweepCompact']);

let delays;
let profiler;
let youngAtStart;

/** Begins to watch the delays of the event loop: the longest so far is forgotten. */
function watchDelay() {
  delays ??= monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  delays.reset();
}

/** @return {{longestDelay: Number}} milliseconds; nothing where nobody watches */
function delay() {
  if (delays === undefined) return {};
  // What is recorded is the time from one look to the next.
  return { longestDelay: Math.max(delays.max / 1e6 - RESOLUTION, 0) };
}

function youngSize() {
  const spaces = v8.getHeapSpaceStatistics();
  return spaces.find((space) => space.space_name === 'new_space').space_used_size;
}

/** Begins to count what is allocated in V8's young generation. */
function watchGarbage() {
  profiler = new v8.GCProfiler();
  profiler.start();
  youngAtStart = youngSize();
}

/**
 * What was allocated since: between two collections, the young generation grows by it.
 *
 * @return {{young: Number, collections: Number}} bytes; nothing where nobody watches
 */
function garbage() {
  if (profiler === undefined) return {};
  const used = ({ heapSpaceStatistics }) =>
    heapSpaceStatistics.find((space) => space.spaceName === 'new_space').spaceUsedSize;
  const collections = profiler.stop().statistics.filter(({ gcType }) => COLLECTIONS.has(gcType));
  profiler = undefined;
  let young = 0;
  let last = youngAtStart;
  for (const { beforeGC, afterGC } of collections) {
    young += used(beforeGC) - last;
    last = used(afterGC);
  }
  return { young: young + youngSize() - last, collections: collections.length };
}

/**
 * Begins to watch what costs something to watch.
 *
 * @param {String} what delay or garbage
 */
function watch(what) {
  if (what === 'delay') watchDelay();
  if (what === 'garbage') watchGarbage();
}

/** @return {Object} all that is known */
function read() {
  const { user, system } = process.cpuUsage();
  return {
    cpu: user + system,
    rss: process.memoryUsage.rss(),
    ...delay(),
    ...garbage()
  };
}

module.exports = { read, watch };
