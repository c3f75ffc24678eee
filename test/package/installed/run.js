'use strict';

// Packs the package, installs it elsewhere in every way that the documents give, and uses it there:
// `npm run test:package [-- WORD...]` (those whose names hold one of the words).

const { execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');

const { home, pack, root } = require('./packed');

// Installs the package managers, with their versions in package.json, once.
function tools() {
  const place = path.join(root, 'build', 'package-managers');
  fs.mkdirSync(place, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    fs.copyFileSync(path.join(__dirname, name), path.join(place, name));
  }
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
  execFileSync('npm', args, { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] });
  // What bun's install script would do: it puts the binary for this platform where it is looked for.
  // (It complains of the first place that it tries; where nothing helps, the error has all of it.)
  const bun = path.join(place, 'node_modules', 'bun');
  execFileSync(process.execPath, ['install.js'], { cwd: bun, stdio: 'pipe' });
  return (file) => path.join(place, 'node_modules', file);
}

async function main(words) {
  const packed = pack();
  const unwanted = packed.files.filter(
    (name) => /^(test|bench|examples|docs|build|src|\.ci)\//.test(name) || name === 'binding.gyp'
  );
  if (unwanted.length > 0) throw new Error(`The package holds ${unwanted.join(', ')}`);

  const tool = tools();
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const registry = spawn(
    process.execPath,
    [path.join(__dirname, 'registry.js'), packed.file, upstream],
    {
      stdio: ['ignore', 'pipe', 'inherit']
    }
  );
  process.on('exit', () => registry.kill());
  const [url] = await once(registry.stdout.setEncoding('utf8'), 'data');
  // Some look into the user's .npmrc, some into the environment.
  fs.writeFileSync(path.join(home, '.npmrc'), `registry=${url.trim()}\n`);
  const env = {
    npm_config_registry: url.trim(),
    npm_config_cache: path.join(home, 'npm-cache'),
    BUN_INSTALL_CACHE_DIR: path.join(home, 'bun-cache')
  };

  const scenarios = { ...require('./npm'), ...require('./managers') };
  const names = Object.keys(scenarios).filter(
    (name) => words.length === 0 || words.some((word) => name.includes(word))
  );
  let failures = 0;
  for (const name of names) {
    const start = Date.now();
    let reason = '';
    try {
      scenarios[name]({ env, packed, tool });
    } catch (error) {
      failures++;
      reason = `\n${error.message}`;
    }
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    console.log(`${reason === '' ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)${reason}`);
  }
  console.log(`${names.length - failures} of ${names.length} ways to install it work`);
  process.exit(failures > 0 ? 1 : 0);
}

main(process.argv.slice(2));
