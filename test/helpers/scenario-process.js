'use strict';

// The process that test/helpers/scenario.js runs a scenario in: FILE NAME IMPLEMENTATION ARGUMENTS.

const [, , file, name, implementation, args] = process.argv;

const lib = implementation === 'ws' ? require('ws') : require('../..');

const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(String(error?.stack ?? error)));

async function main() {
  const result = await require(file)[name]({ lib, implementation, ...JSON.parse(args) });
  await new Promise((resolve) => process.send({ result: result ?? null, uncaught }, resolve));
  process.exit();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
