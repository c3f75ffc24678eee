'use strict';

const { execFileSync } = require('child_process');
const path = require('path');

const { inProduction } = require('../processes');

/**
 * Measures a start.
 *
 * @param {Contestant} contestant
 * @return {{milliseconds: Number, resident: Number}} of require(); MiB, with an idle server
 */
function measureStart(contestant) {
  const { env, execArgv } = inProduction;
  const file = path.join(__dirname, '..', 'servers', 'start.js');
  const { milliseconds, bytes } = JSON.parse(
    execFileSync(process.execPath, [...execArgv, file, contestant.package], { env })
  );
  return { milliseconds, resident: bytes / 1024 / 1024 };
}

module.exports = { measureStart };
