'use strict';

// A slow machine, or valgrind under Node, can have all time-outs multiplied.
const factor = Number(process.env.WSUV_TEST_TIMEOUT_FACTOR || 1);

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.js'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/browser/', '<rootDir>/test/faults/'],
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  testTimeout: 20000 * factor
};
