'use strict';

// Who is measured.

const fs = require('fs');
const path = require('path');

const { rivals } = require('./rivals');

/**
 * @typedef {Object} Contestant
 * @property {String} name in results
 * @property {String} package what a program requires: a name or a folder
 * @property {String} version
 */

const root = path.join(__dirname, '..');

function versionOf(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
}

/** @type {Contestant} what everybody is compared with */
const WS = { name: 'ws', package: 'ws', version: require('ws/package.json').version };

/** @type {Contestant} what this clone is */
const WSUV = { name: 'wsuv', package: root, version: versionOf(root) };

/** @type {Contestant} what the kernel costs; see servers/limit.cc */
const LIMIT = { name: 'limit', package: 'limit', version: '' };

/** @type {Contestant[]} other servers of npm */
const RIVALS = Object.entries(rivals).map(([name, version]) => ({ name, package: name, version }));

/**
 * Another build of wsuv, to compare this one with.
 *
 * @param {String} folder its package, built
 * @return {Contestant}
 */
function against(folder) {
  const absolute = path.resolve(folder);
  // Throws where there is no package.
  require.resolve(absolute);
  return { name: 'against', package: absolute, version: versionOf(absolute) };
}

module.exports = { LIMIT, RIVALS, WS, WSUV, against };
