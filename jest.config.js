'use strict';

// A slow machine, or valgrind under Node, can have all time-outs multiplied.
const factor = Number(process.env.WSUV_TEST_TIMEOUT_FACTOR || 1);

// What is about the C library, and the format, of the binaries that most use.
const isGlibc =
  process.platform === 'linux' && 'glibcVersionRuntime' in process.report.getReport().header;

module.exports = {
  // Most tests wait for sockets and processes: all processors are busy only with as many workers.
  maxWorkers: '100%',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.js'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/browser/',
    '<rootDir>/test/faults/',
    ...(isGlibc ? [] : ['<rootDir>/test/package/glibc.test.js'])
  ],
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  testTimeout: 20000 * factor
};
