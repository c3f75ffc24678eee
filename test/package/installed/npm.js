'use strict';

// The packed file, installed by npm: alone, as ws, as an override; beside packages that want ws; where
// no script runs and nothing can be built, on every Node.js that there is; and built from source.

const assert = require('assert');
const fs = require('fs');
const path = require('path');

const { project, root, run, runProgram } = require('./packed');

const BESIDE = ['graphql@16', 'graphql-ws@6', 'jsdom@26', 'socket.io@4', 'socket.io-client@4'];
const JOBS = ['jsdom', 'graphql-ws', 'socket.io'];

// Where each copy of ws under a project is, and what package it is.
function copies(place) {
  return run(place, ['find', 'node_modules', '-path', '*/node_modules/ws/package.json'])
    .split('\n')
    .concat('node_modules/ws/package.json')
    .filter((file) => file !== '' && fs.existsSync(path.join(place, file)))
    .map((file) => JSON.parse(fs.readFileSync(path.join(place, file), 'utf8')).name);
}

/** @return {Object<String, function(Object)>} the scenarios, by name */
module.exports = {
  'npm install wsuv'({ env }) {
    const place = project('npm-alone');
    const said = run(place, ['npm', 'install', 'wsuv'], env);
    assert.doesNotMatch(said, /warn/i);
    runProgram(place, ['node', 'alone.js'], env);
    fs.writeFileSync(
      path.join(place, 'module.mjs'),
      "import WebSocket, { WebSocketServer } from 'wsuv';\nif (WebSocket.Server !== WebSocketServer) process.exit(1);\n"
    );
    run(place, ['node', 'module.mjs'], env);
    // What loading it costs is mostly the number of files.
    const loaded = run(place, ['node', '-p', "require('wsuv'), Object.keys(require.cache).length"]);
    assert.ok(Number(loaded) <= 22, `${loaded} files are loaded`);
    // Nothing but the package itself comes along.
    assert.deepEqual(
      fs.readdirSync(path.join(place, 'node_modules')).filter((name) => !name.startsWith('.')),
      ['wsuv']
    );
  },

  'npm install ws@npm:wsuv, beside packages whose range it satisfies'({ env }) {
    const place = project('npm-alias');
    run(place, ['npm', 'install', 'ws@npm:wsuv'], env);
    run(place, ['npm', 'install', 'graphql@16', 'graphql-ws@6', 'jsdom@26'], env);
    assert.deepEqual([...new Set(copies(place))], ['wsuv']);
    runProgram(place, ['node', 'beside.js', 'jsdom', 'graphql-ws'], env);
  },

  'npm, in place of ws 8'({ env }) {
    const place = project('npm-replace', { dependencies: { ws: '^8.0.0' } });
    run(place, ['npm', 'install'], env);
    assert.deepEqual([...new Set(copies(place))], ['ws']);
    run(place, ['npm', 'install', 'ws@npm:wsuv'], env);
    assert.deepEqual([...new Set(copies(place))], ['wsuv']);
  },

  'npm, "overrides": { "ws": "$ws" } with the alias'({ env }) {
    const place = project('npm-override', { overrides: { ws: '$ws' } });
    run(place, ['npm', 'install', 'ws@npm:wsuv'], env);
    run(place, ['npm', 'install', ...BESIDE], env);
    assert.deepEqual([...new Set(copies(place))], ['wsuv']);
    runProgram(place, ['node', 'beside.js', ...JOBS], env);
    run(place, ['npm', 'ci'], env);
  },

  'npm, "overrides": { "ws": "npm:wsuv" } without a dependency'({ env }) {
    const place = project('npm-override-only', { overrides: { ws: 'npm:wsuv@^8.100.0' } });
    run(place, ['npm', 'install', 'jsdom@26'], env);
    assert.deepEqual([...new Set(copies(place))], ['wsuv']);
    runProgram(place, ['node', 'beside.js', 'jsdom'], env);
  },

  'npm, two different specifications end in EOVERRIDE'({ env }) {
    const place = project('npm-two', {
      dependencies: { ws: '^8.0.0' },
      overrides: { ws: 'npm:wsuv@^8.100.0' }
    });
    assert.match(run(place, ['npm', 'install'], env, { fails: true }), /EOVERRIDE/);
  },

  'a build from source, of the installed package'({ env }) {
    const place = project('npm-build');
    run(place, ['npm', 'install', 'wsuv'], env);
    const installed = path.join(place, 'node_modules', 'wsuv');
    fs.rmSync(path.join(installed, 'prebuilds'), { recursive: true });
    const said = run(place, ['node', 'alone.js'], env, { fails: true });
    assert.match(said, /WSUV_NO_BINARY/);
    assert.match(said, /npx wsuv build/);
    const building = { ...env };
    if (fs.existsSync('/usr/include/node/node.h')) building.npm_config_nodedir = '/usr';
    run(place, ['npx', 'wsuv', 'build'], building);
    const built = path.join(installed, 'build', 'Release', 'wsuv.node');
    assert.equal(run(place, ['npx', 'wsuv', 'binary'], env), `${fs.realpathSync(built)}\n`);
    runProgram(place, ['node', 'alone.js'], env);
    const commit = (file) => `require(${JSON.stringify(file)}).version().commit`;
    const ours = path.join(root, 'build', 'Release', 'wsuv.node');
    run(place, ['node', '-e', `require('assert').equal(${commit(built)}, ${commit(ours)})`], env);
  },

  'where no script runs and nothing can be built, on each Node.js there is'({ env, packed }) {
    const place = project('npm-empty');
    run(place, ['npm', 'install', '--ignore-scripts', packed.file], env);
    const nodes = path.join(root, 'build', 'nodes');
    const binary = (version) =>
      path.join(nodes, version, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
    const others = fs.existsSync(nodes) ? fs.readdirSync(nodes).map(binary) : [];
    for (const node of [process.execPath, ...others.filter((file) => fs.existsSync(file))]) {
      runProgram(place, [node, 'alone.js'], { PATH: place });
    }
  }
};
