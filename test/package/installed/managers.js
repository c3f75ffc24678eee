'use strict';

// The other package managers, with install scripts blocked as they do by default; each with the
// commands of the README.

const assert = require('assert');
const fs = require('fs');
const path = require('path');

const { project, run, runProgram } = require('./packed');

const BESIDE = ['graphql@16', 'graphql-ws@6', 'jsdom@26', 'socket.io@4', 'socket.io-client@4'];
const JOBS = ['jsdom', 'graphql-ws', 'socket.io'];
const SPEC = 'npm:wsuv@^8.100.0';

module.exports = {
  pnpm({ env, tool }) {
    const pnpm = [tool('pnpm/pnpm')];
    const alone = project('pnpm-alone');
    const said = run(alone, [...pnpm, 'add', 'wsuv'], env);
    assert.doesNotMatch(said, /IGNORED_BUILDS|Ignored build scripts/);
    runProgram(alone, ['node', 'alone.js'], env);

    const place = project('pnpm-beside');
    fs.writeFileSync(path.join(place, 'pnpm-workspace.yaml'), `overrides:\n  ws: ${SPEC}\n`);
    run(place, [...pnpm, 'add', 'ws@npm:wsuv'], env);
    run(place, [...pnpm, 'add', ...BESIDE], env);
    runProgram(place, ['node', 'beside.js', ...JOBS], env);
  },

  'yarn 1'({ env, tool }) {
    const yarn = ['node', tool('yarn/bin/yarn.js')];
    const alone = project('yarn1-alone');
    run(alone, [...yarn, 'add', 'wsuv'], env);
    runProgram(alone, ['node', 'alone.js'], env);

    const place = project('yarn1-beside', { resolutions: { ws: SPEC } });
    run(place, [...yarn, 'add', 'ws@npm:wsuv', ...BESIDE], env);
    runProgram(place, ['node', 'beside.js', ...JOBS], env);
  },

  'yarn 4, Plug and Play'({ env, tool }) {
    const yarn = ['node', tool('@yarnpkg/cli-dist/bin/yarn.js')];
    const make = (name, manifest) => {
      const place = project(name, manifest);
      fs.writeFileSync(path.join(place, 'yarn.lock'), '');
      fs.writeFileSync(
        path.join(place, '.yarnrc.yml'),
        `nodeLinker: pnp\nenableScripts: false\nenableTelemetry: false\nunsafeHttpWhitelist: ['127.0.0.1']\nnpmRegistryServer: ${env.npm_config_registry}\n`
      );
      return place;
    };
    const alone = make('yarn4-alone');
    const said = run(alone, [...yarn, 'add', 'wsuv'], env);
    assert.doesNotMatch(said, /node-gyp/);
    runProgram(alone, [...yarn, 'node', 'alone.js'], env);

    const place = make('yarn4-beside', { resolutions: { ws: SPEC } });
    run(place, [...yarn, 'add', `ws@${SPEC}`, ...BESIDE], env);
    runProgram(place, [...yarn, 'node', 'beside.js', ...JOBS], env);
  },

  "Bun's installer"({ env, tool }) {
    const bun = [tool('bun/bin/bun.exe')];
    const alone = project('bun-alone');
    const said = run(alone, [...bun, 'add', 'wsuv'], env);
    assert.doesNotMatch(said, /Blocked/);
    runProgram(alone, ['node', 'alone.js'], env);

    const place = project('bun-beside', { overrides: { ws: SPEC } });
    run(place, [...bun, 'add', 'ws@npm:wsuv', ...BESIDE], env);
    runProgram(place, ['node', 'beside.js', ...JOBS], env);
  }
};
