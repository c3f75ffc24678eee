'use strict';

// Minutes, since most scenarios run in processes of their own, under ws and under wsuv: npm run test:faults.
module.exports = {
  testEnvironment: 'node',
  rootDir: __dirname,
  testMatch: ['<rootDir>/*.test.js']
};
