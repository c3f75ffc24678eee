'use strict';

// What stands in the published package but not in the repository, for npm's prepack and postpack:
// `stage` makes it, `clean` takes it away again.
//
//   prebuilds/TARGET/wsuv.node   the binary of this machine, stripped
//   source/                      what `wsuv build` builds from; its binding.gyp is not at the top, where
//                                package managers would build by themselves
//
// With WSUV_PACK_BINARIES=there, prebuilds/ holds those of all platforms already (the prebuild workflow), and
// is left as it is. `symbols` puts what `strip` takes away into artifacts/symbols/, by build id.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const { builtFile, prebuiltFile } = require('../lib/native/binary-path');

const source = path.join(root, 'source');
const binariesAreThere = process.env.WSUV_PACK_BINARIES === 'there';

function stageBinary() {
  fs.mkdirSync(path.dirname(prebuiltFile()), { recursive: true });
  fs.copyFileSync(builtFile(), prebuiltFile());
  if (process.platform === 'linux') execFileSync('strip', ['--strip-unneeded', prebuiltFile()]);
  else if (process.platform === 'darwin') execFileSync('strip', ['-x', prebuiltFile()]);
}

function stageSource() {
  const headers = path.join(root, 'node_modules', 'node-addon-api');
  const { version } = require('../package.json');
  fs.rmSync(source, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'src'), path.join(source, 'src'), { recursive: true });
  fs.copyFileSync(path.join(root, 'binding.gyp'), path.join(source, 'binding.gyp'));
  fs.mkdirSync(path.join(source, 'include'));
  for (const file of fs.readdirSync(headers)) {
    if (file.endsWith('.h') || file === 'LICENSE.md') {
      fs.copyFileSync(path.join(headers, file), path.join(source, 'include', file));
    }
  }
  const { commit } = require('../src/version');
  fs.writeFileSync(
    path.join(source, 'package.json'),
    `${JSON.stringify({ private: true, version, commit: commit() }, null, 2)}\n`
  );
}

function keepSymbols() {
  const notes = execFileSync('readelf', ['--notes', builtFile()], { encoding: 'utf8' });
  const [, id] = /Build ID: ([0-9a-f]+)/.exec(notes);
  // The layout in which gdb and debuginfod look for them.
  const file = path.join(root, 'artifacts', 'symbols', id.slice(0, 2), `${id.slice(2)}.debug`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  execFileSync('objcopy', ['--only-keep-debug', '--compress-debug-sections', builtFile(), file]);
  console.log(path.relative(root, file));
}

function clean() {
  fs.rmSync(source, { recursive: true, force: true });
  if (binariesAreThere) return;
  fs.rmSync(path.dirname(prebuiltFile()), { recursive: true, force: true });
  // Others may have been put there by hand.
  const folder = path.dirname(path.dirname(prebuiltFile()));
  if (fs.existsSync(folder) && fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
}

const commands = {
  binary: stageBinary,
  clean,
  stage() {
    if (!binariesAreThere) stageBinary();
    stageSource();
  },
  symbols: keepSymbols
};
commands[process.argv[2]]();
