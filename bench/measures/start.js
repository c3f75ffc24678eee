'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const { inProduction } = require('../processes');
const { median } = require('../statistics');

// Processes for one figure: each takes little time, of which the machine's other work is much.
const STARTS = 5;

/**
 * A package as npm installs it: without the sources, whose times a checkout compares with that of its
 * binary, and with a binary that is stripped.
 *
 * @param {Contestant} contestant
 * @param {String} place
 * @return {String} what to require
 */
function installed(contestant, place) {
  if (!path.isAbsolute(contestant.package)) return contestant.package;
  const folder = path.join(place, 'node_modules', contestant.name);
  for (const name of ['lib', 'package.json']) {
    fs.cpSync(path.join(contestant.package, name), path.join(folder, name), { recursive: true });
  }
  const { builtFile, prebuiltFile } = require(
    path.join(contestant.package, 'lib', 'native', 'binary-path')
  );
  const binary = path.join(folder, path.relative(contestant.package, prebuiltFile()));
  fs.mkdirSync(path.dirname(binary), { recursive: true });
  fs.copyFileSync(builtFile(), binary);
  if (process.platform === 'linux') execFileSync('strip', ['--strip-unneeded', binary]);
  return folder;
}

/**
 * Measures a start.
 *
 * @param {Contestant} contestant
 * @return {{milliseconds: Number, resident: Number}} CPU time of require(); MiB, with an idle server
 */
function measureStart(contestant) {
  const { env } = inProduction;
  const file = path.join(__dirname, '..', 'servers', 'start.js');
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-start-'));
  try {
    const wanted = installed(contestant, place);
    const starts = Array.from({ length: STARTS }, () =>
      JSON.parse(execFileSync(process.execPath, [file, wanted], { env }))
    );
    return {
      milliseconds: median(starts.map(({ milliseconds }) => milliseconds)),
      resident: median(starts.map(({ bytes }) => bytes)) / 1024 / 1024
    };
  } finally {
    fs.rmSync(place, { recursive: true });
  }
}

module.exports = { measureStart };
