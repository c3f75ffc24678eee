'use strict';

const { RuleTester } = require('eslint');

const rule = require('./linear-regexp');

// RuleTester describes its tests with these.
RuleTester.describe = describe;
RuleTester.it = test;
RuleTester.itOnly = test.only;

const slow = (code) => ({ code, errors: [{ messageId: 'slow' }] });
const unknown = (code) => ({ code, errors: [{ messageId: 'unknown' }] });

new RuleTester({ languageOptions: { ecmaVersion: 2023 } }).run('linear-regexp', rule, {
  valid: [
    '/^\\[|\\]$/g',
    '/^[+/0-9A-Za-z]{22}==$/',
    "/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/",
    '/^[a-z]*/',
    '/^sec-websocket-protocol:/im',
    '/[ \\t]$/',
    '/a{2,5}/',
    '/\\+\\*/'
  ],
  invalid: [
    slow('/[ \\t]+$/'),
    slow('/^[ \\t]+|[ \\t]+$/g'),
    slow('/^\\s+$/m'),
    slow('/^a+b/'),
    slow('/^(a+)+$/'),
    slow('/^a*a*$/'),
    slow('/a{2,}/'),
    slow('/x*?y/'),
    slow('/[ \\t]*(?:,|;)/y'),
    unknown('new RegExp(text)'),
    unknown('RegExp("a+")')
  ]
});
