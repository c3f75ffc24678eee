'use strict';

// What development needs: the lock file, and Jest's search for what is left open.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const semver = require('semver');

const root = path.join(__dirname, '..', '..');
const manifest = require('../../package.json');
const lock = require('../../package-lock.json');

describe('package-lock.json', () => {
  const packages = Object.entries(lock.packages).filter(([name]) => name !== '');

  test('is that of package.json', () => {
    const { name, version, bin, devDependencies, engines, peerDependencies } = lock.packages[''];
    expect({ name, version, bin, devDependencies, engines, peerDependencies }).toEqual({
      name: manifest.name,
      version: manifest.version,
      bin: manifest.bin,
      devDependencies: manifest.devDependencies,
      engines: manifest.engines,
      peerDependencies: manifest.peerDependencies
    });
  });

  test('names every package that another one wants, those of other platforms too', () => {
    const missing = [];
    for (const [place, { dependencies, optionalDependencies }] of packages) {
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
        const folders = place.split('/node_modules/').map((_, i, all) => all.slice(0, i + 1));
        const places = folders.map(
          (parts) => `${parts.join('/node_modules/')}/node_modules/${name}`
        );
        places.push(`node_modules/${name}`);
        if (!places.some((one) => one in lock.packages)) missing.push(`${place} wants ${name}`);
      }
    }
    expect(missing).toEqual([]);
  });

  test('holds only what runs on Node.js 20, as the package itself does', () => {
    const newer = packages
      .filter(([, { engines, optional }]) => engines?.node && !optional)
      .filter(([, { engines }]) => !semver.satisfies('20.20.0', engines.node))
      .map(([name, { engines }]) => `${name} wants ${engines.node}`);
    expect(newer).toEqual([]);
  });
});

test('the package needs no other at run time, and npm runs nothing when it is installed', () => {
  const { dependencies, optionalDependencies, scripts, gypfile } = manifest;
  expect([dependencies, optionalDependencies, gypfile]).toEqual([undefined, undefined, false]);
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    expect(scripts).not.toHaveProperty(name);
  }
});

describe('jest --detectOpenHandles', () => {
  let folder;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-jest-'));
    fs.writeFileSync(path.join(folder, 'package.json'), '{}');
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const jest = (program, flags = []) => {
    fs.writeFileSync(path.join(folder, 'a.test.js'), program);
    const bin = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const args = [
      bin,
      '--detectOpenHandles',
      '--testTimeout',
      '30000',
      '--rootDir',
      folder,
      ...flags
    ];
    return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  };

  test.each([
    ['a require', "test('a', () => { require(ROOT); });"],
    [
      'a server that was closed, and its clients',
      `test('a', (done) => {
        const { WebSocket, WebSocketServer } = require(ROOT);
        const server = new WebSocketServer({ port: 0 }, () => {
          const client = new WebSocket('ws://127.0.0.1:' + server.address().port);
          client.on('open', () => client.send('hello'));
          client.on('message', () => client.close());
          client.on('close', () => server.close(done));
        });
        server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
      });`
    ]
  ])(
    'reports nothing for %s',
    (_, program) => {
      const { status, stderr } = jest(program.replace('ROOT', JSON.stringify(root)));
      expect(stderr).not.toMatch(/open handle/);
      expect(stderr).toMatch(/Tests: +1 passed, 1 total/);
      expect(status).toBe(0);
    },
    60_000
  );

  test('reports a server that is left open', () => {
    const program = `test('a', (done) => {
      const { WebSocketServer } = require(${JSON.stringify(root)});
      new WebSocketServer({ port: 0 }, done);
    });`;
    const { stderr } = jest(program, ['--forceExit']);
    expect(stderr).toMatch(/1 open handle .*\n\n +● +wsuv/);
  }, 60_000);
});
