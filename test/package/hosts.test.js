'use strict';

// Bundlers, with the addon left outside; Node's permission model.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const echo = `
  const { WebSocket, WebSocketServer } = require('wsuv');
  const server = new WebSocketServer({ port: 0 }, () => {
    const client = new WebSocket('ws://127.0.0.1:' + server.address().port);
    client.on('open', () => client.send('bundled'));
    client.on('message', (data) => {
      console.log(data.toString());
      client.close();
      server.close();
    });
  });
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));`;
let folder;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-bundle-'));
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(root, path.join(folder, 'node_modules', 'wsuv'));
  fs.writeFileSync(path.join(folder, 'entry.js'), echo);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const run = (file) =>
  execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' }).trim();

test('esbuild, with the package external', () => {
  const { buildSync } = require('esbuild');
  const outfile = path.join(folder, 'esbuild.js');
  buildSync({
    entryPoints: [path.join(folder, 'entry.js')],
    bundle: true,
    platform: 'node',
    external: ['wsuv'],
    outfile
  });
  expect(run(outfile)).toBe('bundled');
});

test('webpack, with the package external', async () => {
  const webpack = require('webpack');
  const compiler = webpack({
    mode: 'production',
    target: 'node',
    context: folder,
    entry: './entry.js',
    externals: { wsuv: 'commonjs wsuv' },
    output: { path: folder, filename: 'webpack.js' }
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  expect(stats.hasErrors()).toBe(false);
  await new Promise((resolve) => compiler.close(resolve));
  expect(run(path.join(folder, 'webpack.js'))).toBe('bundled');
});

test("under Node's permission model, the error is Node's own", () => {
  const [major] = process.versions.node.split('.').map(Number);
  const flag = major >= 24 ? '--permission' : '--experimental-permission';
  const { status, stderr } = spawnSync(
    process.execPath,
    [flag, '--allow-fs-read=*', '-e', `require(${JSON.stringify(root)})`],
    { encoding: 'utf8' }
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/ERR_DLOPEN_DISABLED/);
});
