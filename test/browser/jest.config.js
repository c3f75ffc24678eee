'use strict';

// Needs Chromium: Debian's, or the one that CHROMIUM names.
module.exports = {
  testEnvironment: 'node',
  rootDir: __dirname,
  testMatch: ['<rootDir>/*.test.js'],
  testTimeout: 60000
};
