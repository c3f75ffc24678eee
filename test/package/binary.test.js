'use strict';

// Which binary is loaded, and what is said where none is: in copies of the package.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { dynamicLinker, target } = require('../../lib/native/binary-path');
const { PackageCopy } = require('../helpers/package-copy');

const copy = new PackageCopy();
const { built, load, prebuilt, put } = copy;

test('a build goes before the binary that came with the package', () => {
  put(prebuilt());
  expect(load()).toEqual(['loaded', prebuilt()]);
  put(built());
  expect(load()).toEqual(['loaded', built()]);
});

test('in a checkout, a build that is older than a source is used, with a warning', () => {
  put(built());
  put(path.join(copy.folder, 'src', 'transport', 'loop.cc'), '');
  put(path.join(copy.folder, 'binding.gyp'), '{}');
  const warnings = (age) => {
    const then = new Date(Date.now() - age);
    for (const name of ['src', 'src/transport', 'src/transport/loop.cc', 'binding.gyp']) {
      fs.utimesSync(path.join(copy.folder, name), then, then);
    }
    const { stderr } = spawnSync(
      process.execPath,
      ['-e', `require(${JSON.stringify(copy.folder)})`],
      {
        encoding: 'utf8'
      }
    );
    return stderr;
  };
  expect(warnings(-60_000)).toContain(
    `[WSUV_STALE_BUILD] Warning: ${built()} is older than its sources: run "npm run build"`
  );
  expect(warnings(3_600_000)).toBe('');
});

test('without a binary, one error says what is missing and what to do', () => {
  const [code, message] = load();
  expect(code).toBe('WSUV_NO_BINARY');
  expect(message).toContain(`wsuv does not have a binary for ${target()}`);
  expect(message).toContain(`${built()}: not found\n`);
  expect(message).toContain(`${prebuilt()}: not found\n`);
  expect(message).toContain('run "npx wsuv build"');
  expect(message).toContain(path.join(copy.folder, 'bin', 'wsuv.js'));
});

test('in a checkout, the remedy is its build script', () => {
  put(path.join(copy.folder, 'binding.gyp'), '');
  expect(load()[1]).toMatch(/In a checkout, build it: "npm run build"\.$/);
});

test('a binary that does not load names itself and the reason, and the next one is tried', () => {
  put(built(), 'not a binary');
  put(prebuilt());
  expect(load()).toEqual(['loaded', prebuilt()]);
  fs.rmSync(prebuilt());
  const [code, message, cause] = load();
  expect(code).toBe('WSUV_NO_BINARY');
  expect(message).toContain(`wsuv does not have a binary that loads for ${target()}`);
  expect(message).toContain(`${built()}: `);
  expect(message).toContain('it is for another processor or system, or damaged');
  expect(cause).toBeTruthy();
});

test('a binary of another version of the package says so, and the next one is tried', () => {
  const { version } = require('../../package.json');
  put(built());
  const file = path.join(copy.folder, 'package.json');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(`"${version}"`, '"9.9.9"'));
  const [code, message] = load();
  expect(code).toBe('WSUV_NO_BINARY');
  expect(message).toContain(
    `${built()}: it was built from ${version} of wsuv, and this is 9.9.9\n`
  );
});

describe('WSUV_BINARY', () => {
  test('names the binary, before any other', () => {
    put(built());
    const file = path.join(copy.folder, 'elsewhere', 'wsuv.node');
    put(file);
    expect(load({ WSUV_BINARY: file })).toEqual(['loaded', file]);
  });

  test('is not replaced by another in silence', () => {
    put(built());
    const file = path.join(copy.folder, 'missing.node');
    const [code, message] = load({ WSUV_BINARY: file });
    expect(code).toBe('WSUV_NO_BINARY');
    expect(message).toContain(`${file}: not found`);
    expect(message).toContain('This path is that of the environment variable WSUV_BINARY.');
    expect(message).not.toContain(built());
  });
});

describe('a program that is not Node.js', () => {
  test.each([
    ['bun', /^wsuv runs on Node\.js only: .* which Bun 1\.4\.5 does not have\. Use Bun\.serve\(\)/],
    ['deno', /^wsuv runs on Node\.js only: .* which Deno 1\.4\.5 does not have\. Use Deno\./]
  ])('%s is refused before the binary is loaded', (name, expected) => {
    put(built());
    const before = `Object.defineProperty(process.versions, '${name}', { value: '1.4.5' });`;
    const [code, message] = load({}, process.execPath, before);
    expect(code).toBe('WSUV_UNSUPPORTED_HOST');
    expect(message).toMatch(expected);
  });
});

describe('the C library', () => {
  // An ELF executable that names a dynamic linker: a header, one other entry, and PT_INTERP.
  function executable(linker, { at = 64 + 2 * 56 } = {}) {
    const bytes = Buffer.alloc(8192);
    bytes.write('\x7fELF\x02\x01\x01', 'latin1');
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(2, 56);
    bytes.writeUInt32LE(1, 64);
    bytes.writeUInt32LE(3, 64 + 56);
    bytes.writeBigUInt64LE(BigInt(at), 64 + 56 + 8);
    bytes.writeBigUInt64LE(BigInt(linker.length), 64 + 56 + 32);
    bytes.write(linker, at, 'latin1');
    const file = path.join(copy.folder, 'executable');
    fs.writeFileSync(file, bytes);
    return dynamicLinker(file);
  }

  test('is read from the dynamic linker that an executable names', () => {
    expect(executable('/lib/ld-musl-x86_64.so.1')).toBe('/lib/ld-musl-x86_64.so.1');
    expect(executable('/lib64/ld-linux-x86-64.so.2')).toBe('/lib64/ld-linux-x86-64.so.2');
    expect(executable('/lib/ld-musl-aarch64.so.1', { at: 3000 })).toBe('/lib/ld-musl-aarch64.so.1');
  });

  test('is that of the Node.js which runs', () => {
    const { glibcVersionRuntime } = process.report.getReport().header;
    expect(target().endsWith('-musl')).toBe(process.platform === 'linux' && !glibcVersionRuntime);
  });

  test('is not known from a file that is no executable, is cut off, or is missing', () => {
    const file = path.join(copy.folder, 'file');
    for (const content of ['', '#!/bin/sh\n', fs.readFileSync(process.execPath).subarray(0, 100)]) {
      fs.writeFileSync(file, content);
      expect(dynamicLinker(file)).toBe('');
    }
    expect(dynamicLinker(path.join(copy.folder, 'none'))).toBe('');
  });
});

test('no report is made when the package is loaded, since that looks up every open socket', () => {
  put(prebuilt());
  const before = "process.report.getReport = () => { throw new Error('a report'); };";
  expect(load({}, process.execPath, before)).toEqual(['loaded', prebuilt()]);
});

describe('wsuv build', () => {
  const cli = (...args) =>
    spawnSync(process.execPath, [path.join(copy.folder, 'bin', 'wsuv.js'), ...args], {
      env: { PATH: copy.folder },
      encoding: 'utf8'
    });

  test('without a compiler, says what is missing', () => {
    const { status, stderr } = cli('build');
    expect(status).toBe(1);
    expect(stderr).toMatch(/this machine lacks Python 3 and make and a C\+\+17 compiler/);
  });

  test('without a command, says what there are', () => {
    const { status, stderr } = cli();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^usage: wsuv <command>/);
    const help = cli('--help');
    expect([help.status, help.stdout, help.stderr]).toEqual([0, stderr, '']);
  });

  test('wsuv binary says which binary is loaded', () => {
    put(prebuilt());
    expect(cli('binary').stdout).toBe(`${prebuilt()}\n`);
  });
});
