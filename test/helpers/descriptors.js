'use strict';

const fs = require('fs');

/**
 * Takes all descriptors that the process may have but some.
 *
 * @param {Number} left how many are not taken
 * @return {function()} gives them back
 */
function exhaust(left) {
  const taken = [];
  try {
    for (;;) taken.push(fs.openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  taken.splice(0, left).forEach((fd) => fs.closeSync(fd));
  return () => taken.splice(0).forEach((fd) => fs.closeSync(fd));
}

module.exports = { exhaust };
