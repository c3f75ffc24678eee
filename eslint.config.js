'use strict';

const js = require('@eslint/js');
const globals = require('globals');

const linearRegexp = require('./test/lint/linear-regexp');

module.exports = [
  { ignores: ['build/', 'prebuilds/', 'source/', 'artifacts/', 'node_modules/'] },
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2023,
      sourceType: 'commonjs',
      globals: globals.node
    },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error'
    }
  },
  {
    // What peers send is parsed here.
    files: ['lib/**/*.js'],
    plugins: { wsuv: { rules: { 'linear-regexp': linearRegexp } } },
    rules: { 'wsuv/linear-regexp': 'error' }
  },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' } },
  {
    files: ['test/**/*.js'],
    languageOptions: { globals: { ...globals.jest, window: 'readonly', navigator: 'readonly' } }
  },
  {
    // What runs in a page.
    files: ['test/browser/*.js'],
    languageOptions: { globals: { ...globals.browser } }
  }
];
