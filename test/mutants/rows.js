'use strict';

/**
 * What makes rows of [from, to, survives] of a file.
 *
 * @param {String} kind see run.js
 * @return {function(String, String, Array[]): Object[]}
 */
const rowsOf = (kind) => (file, filter, changes) =>
  changes.map(([from, to, survives]) => ({ file, from, to, kind, filter, survives }));

module.exports = { addon: rowsOf('addon'), cpp: rowsOf('cpp'), jest: rowsOf('jest') };
