'use strict';

// Bundlers and single-executable applications, with the addon left outside; what a bundle without it
// says; Node's permission model.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const { builtFile } = require('../../lib/native/binary-path');

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

const run = (file, env = {}) =>
  execFileSync(process.execPath, [file], {
    timeout: 15_000,
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env }
  }).trim();

/** A folder of its own for a bundle. */
const place = (name) => {
  const out = path.join(folder, name);
  fs.mkdirSync(out);
  return out;
};

function esbuild(name, options = {}) {
  const outfile = path.join(place(name), 'program.js');
  require('esbuild').buildSync({
    entryPoints: [path.join(folder, 'entry.js')],
    bundle: true,
    platform: 'node',
    logLevel: 'error',
    outfile,
    ...options
  });
  return outfile;
}

async function webpack(name, options = {}) {
  const out = place(name);
  const compiler = require('webpack')({
    mode: 'production',
    target: 'node',
    context: folder,
    entry: './entry.js',
    output: { path: out, filename: 'program.js' },
    ...options
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  const { errors, warnings } = stats.compilation;
  expect([...errors, ...warnings].map(({ message }) => message)).toEqual([]);
  await new Promise((resolve) => compiler.close(resolve));
  return path.join(out, 'program.js');
}

describe('with the package external', () => {
  test('esbuild', () => {
    expect(run(esbuild('esbuild-external', { external: ['wsuv'] }))).toBe('bundled');
  });

  test('webpack', async () => {
    const options = { externals: { wsuv: 'commonjs wsuv' } };
    expect(run(await webpack('webpack-external', options))).toBe('bundled');
  });

  test('rollup', async () => {
    const { rollup } = require('rollup');
    const input = path.join(folder, 'entry.mjs');
    const program = echo.replace('const {', 'import {').replace("= require('wsuv')", "from 'wsuv'");
    fs.writeFileSync(input, program);
    const bundle = await rollup({ input, external: ['wsuv'] });
    const file = path.join(place('rollup-external'), 'program.js');
    await bundle.write({ file, format: 'cjs' });
    await bundle.close();
    expect(run(file)).toBe('bundled');
  });
});

describe('bundled', () => {
  const refused = (file, env) => {
    const { status, stderr } = spawnSync(process.execPath, [file], {
      timeout: 15_000,
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...env }
    });
    expect(status).toBe(1);
    expect(stderr).toContain("code: 'WSUV_NO_BINARY'");
    return stderr;
  };

  test.each([
    ['esbuild', (name) => esbuild(name)],
    ['webpack', (name) => webpack(name)]
  ])('by %s, says to keep it external, and how; and takes WSUV_BINARY', async (name, bundle) => {
    const file = await bundle(`${name}-bundled`);
    const said = refused(file);
    expect(said).toContain('Keep wsuv external:');
    for (const line of [
      /^ +esbuild +--external:wsuv$/m,
      /^ +webpack +externals: \{ wsuv: 'commonjs wsuv' \}$/m,
      /^ +rollup +external: \['wsuv'\]$/m,
      /^ +Next\.js +serverExternalPackages: \['wsuv'\]$/m
    ]) {
      expect(said).toMatch(line);
    }
    expect(run(file, { WSUV_BINARY: builtFile() })).toBe('bundled');
  });

  test('finds a binary that lies beside the bundle', () => {
    const file = esbuild('esbuild-beside');
    fs.copyFileSync(builtFile(), path.join(path.dirname(file), 'wsuv.node'));
    expect(run(file)).toBe('bundled');
  });

  test('a literal require would stop a bundler that was not told what a .node file is', () => {
    // Why addon.js has none.
    fs.mkdirSync(path.join(folder, 'literal'));
    fs.copyFileSync(builtFile(), path.join(folder, 'literal', 'wsuv.node'));
    fs.writeFileSync(path.join(folder, 'literal', 'index.js'), "require('./wsuv.node');");
    const options = {
      entryPoints: [path.join(folder, 'literal', 'index.js')],
      bundle: true,
      logLevel: 'silent',
      write: false
    };
    expect(() => require('esbuild').buildSync(options)).toThrow(
      /No loader is configured for "\.node"/
    );
  });
});

test('a single-executable application takes the binary beside it, and WSUV_BINARY', async () => {
  const out = place('application');
  const main = esbuild('application-bundle');
  const blob = path.join(out, 'blob');
  const config = path.join(out, 'config.json');
  const application = path.join(out, 'application');
  fs.writeFileSync(
    config,
    JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true })
  );
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'pipe' });
  fs.copyFileSync(process.execPath, application);
  // postject says on the console which section it could not name.
  const warn = jest.spyOn(console, 'warn').mockReturnValue();
  await require('postject').inject(application, 'NODE_SEA_BLOB', fs.readFileSync(blob), {
    sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  });
  warn.mockRestore();
  const start = (env) =>
    spawnSync(application, [], { cwd: out, encoding: 'utf8', env: { ...process.env, ...env } });
  expect(start({}).stderr).toContain('WSUV_NO_BINARY');
  expect(start({ WSUV_BINARY: builtFile() }).stdout).toBe('bundled\n');
  fs.copyFileSync(builtFile(), path.join(out, 'wsuv.node'));
  expect(start({}).stdout).toBe('bundled\n');
}, 120_000);

test('a tracer of files (Next.js, serverless platforms) finds the binary', async () => {
  const { nodeFileTrace } = require('@vercel/nft');
  const copy = path.join(place('traced'), 'node_modules', 'wsuv');
  for (const name of ['lib', 'package.json']) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  const { target } = require('../../lib/native/binary-path');
  const file = path.join(copy, 'prebuilds', target(), 'wsuv.node');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.copyFileSync(builtFile(), file);
  const { fileList } = await nodeFileTrace([path.join(copy, 'lib', 'index.js')], { base: folder });
  expect([...fileList]).toContain(path.relative(folder, file));
});

describe("under Node's permission model", () => {
  const [major] = process.versions.node.split('.').map(Number);
  const flags = [major >= 24 ? '--permission' : '--experimental-permission', '--allow-fs-read=*'];
  const start = (allowed, code) =>
    spawnSync(process.execPath, [...flags, ...allowed, '-e', code], { encoding: 'utf8' });

  test("without --allow-addons, the error is Node's own", () => {
    const { status, stderr } = start([], `require(${JSON.stringify(root)})`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/ERR_DLOPEN_DISABLED/);
  });

  test('without --allow-net, a server and a client fail as under ws', () => {
    const program = (name) => `
      const { WebSocket, WebSocketServer } = require(${JSON.stringify(name)});
      const say = (where) => (error) =>
        console.log(where, error?.code, error?.permission, error?.resource);
      process.on('uncaughtException', say('uncaught'));
      const client = new WebSocket('ws://127.0.0.1:1');
      client.on('error', say('client'));
      for (const options of [{ port: 0 }, { port: 0, host: '127.0.0.1' }, { port: 0, host: 'localhost' }]) {
        try {
          const server = new WebSocketServer(options, () => server.close(say('closed')));
          server.on('error', say('server'));
        } catch (error) {
          say('thrown')(error);
        }
      }`;
    const lines = (name) => {
      const { status, stdout } = start(['--allow-addons'], program(name));
      return [status, ...stdout.trim().split('\n').sort()];
    };
    const said = lines(path.dirname(require.resolve('ws/package.json')));
    expect(lines(root)).toEqual(said);
    // Node.js 20 to 24 leave the network alone.
    const denied = process.allowedNodeEnvironmentFlags.has('--allow-net');
    expect(said.filter((line) => /ERR_ACCESS_DENIED/.test(line))).toHaveLength(denied ? 4 : 0);
  });
});
