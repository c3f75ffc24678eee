'use strict';

// Prints the folder with the headers of node-addon-api, for binding.gyp: in a checkout that of the
// development package, in the published one the copy that came with it.

const { existsSync } = require('fs');
const path = require('path');

const copied = path.join(__dirname, '..', 'include');
const folder = existsSync(path.join(copied, 'napi.h'))
  ? copied
  : require('node-addon-api').include_dir;
console.log(path.relative('.', folder) || '.');
