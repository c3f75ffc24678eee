#!/usr/bin/env node
'use strict';

const usage = `usage: wsuv <command>

  build               build the addon from source; it goes before the binary in the package
  build --if-needed   the same, unless there is a build that is younger than the sources
  binary              print the path of the binary that this Node.js loads
`;

const [command, ...flags] = process.argv.slice(2);
if (command === 'build') {
  const { build, isUpToDate } = require('../lib/native/build');
  if (!flags.includes('--if-needed') || !isUpToDate()) process.exitCode = build();
} else if (command === 'binary') {
  const native = require('../lib/native/addon');
  const { candidates } = require('../lib/native/binary-path');
  console.log(candidates().find((file) => require.cache[file]?.exports === native));
} else if (command === '--help') {
  console.log(usage);
} else {
  console.error(usage);
  process.exitCode = 1;
}
