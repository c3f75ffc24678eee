'use strict';

// What is seen of the binary where Linux and glibc are: its symbols, how it is hardened, and what the
// loader says of one for other machines. (Not run elsewhere; see jest.config.js.)

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { builtFile, dynamicLinker } = require('../../lib/native/binary-path');
const { PackageCopy } = require('../helpers/package-copy');

const copy = new PackageCopy();
const { load, prebuilt, put } = copy;

// The binary with `what` replaced by something as long.
const changed = (what, by) => {
  const bytes = fs.readFileSync(builtFile());
  const at = [];
  for (let i = bytes.indexOf(what); i !== -1; i = bytes.indexOf(what, i + 1)) at.push(i);
  expect(at.length).toBeGreaterThan(0);
  for (const i of at) bytes.write(by, i, 'latin1');
  return bytes;
};

test('a binary for another processor says so', () => {
  const bytes = fs.readFileSync(builtFile());
  bytes.writeUInt16LE(bytes.readUInt16LE(18) === 62 ? 183 : 62, 18); // e_machine
  put(prebuilt(), bytes);
  const [code, message] = load();
  expect(code).toBe('WSUV_NO_BINARY');
  expect(message).toContain('it is for another processor or system, or damaged');
});

test('a binary that wants a newer C library says so', () => {
  const symbols = execFileSync('objdump', ['-p', builtFile()], { encoding: 'utf8' });
  const [, hash, name] = /0x([0-9a-f]+) 0x00 \d+ (GLIBC_2\.\d+)\n/.exec(symbols);
  // Another version by name and by hash, in the table of needed versions.
  const bytes = changed(name, `${name.slice(0, -1)}X`);
  const old = Buffer.alloc(4);
  old.writeUInt32LE(parseInt(hash, 16));
  const elfHash = [...`${name.slice(0, -1)}X`].reduce((value, character) => {
    const shifted = value * 16 + character.charCodeAt(0);
    const high = Math.floor(shifted / 0x10000000) % 16;
    return ((shifted % 0x10000000) ^ (high << 4)) >>> 0;
  }, 0);
  for (let i = bytes.indexOf(old); i !== -1; i = bytes.indexOf(old, i + 4)) {
    bytes.writeUInt32LE(elfHash, i);
  }
  put(prebuilt(), bytes);
  const [code, message] = load();
  expect(code).toBe('WSUV_NO_BINARY');
  expect(message).toMatch(
    /version `GLIBC_2\.\d*X' not found .*\(this system's C library is older\)/
  );
});

test('the C library is read from the dynamic linker of the Node.js which runs', () => {
  expect(dynamicLinker(process.execPath)).toMatch(/\/ld-linux/);
});

test('the addon needs no symbols but those of Node-API, libuv, zlib and the C library', () => {
  const undefinedSymbols = execFileSync('nm', ['-D', '--undefined-only', builtFile()], {
    encoding: 'utf8'
  })
    .split('\n')
    // Weak ones (w) may be missing.
    .filter((line) => / U /.test(line))
    .map((line) => line.trim().split(/\s+/).at(-1))
    .filter(Boolean);
  // Versioned ones are the C library's.
  const others = undefinedSymbols.filter(
    (name) =>
      !/@GLIBC_|@GCC_/.test(name) &&
      !/^(napi_|node_api_|uv_|deflate|inflate|_ITM_|__gmon_start__)/.test(name)
  );
  expect(others).toEqual([]);
});

test('the addon needs no newer C library than Node.js 20 does', () => {
  const symbols = execFileSync('objdump', ['-T', builtFile()], { encoding: 'utf8' });
  const versions = [...symbols.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  expect(versions.length).toBeGreaterThan(0);
  expect(Math.max(...versions)).toBeLessThanOrEqual(28);
  expect(symbols).not.toMatch(/GLIBCXX_|CXXABI_/);
});

describe('the binary', () => {
  const read = (...args) =>
    execFileSync('readelf', ['-W', ...args, builtFile()], { encoding: 'utf8' });

  test('is hardened: stack protector, checked copies, assertions, no writable tables', () => {
    const symbols = read('--dyn-syms');
    expect(symbols).toMatch(/__stack_chk_fail/);
    expect(symbols).toMatch(/__memcpy_chk/);
    expect(read('-l')).toMatch(/GNU_RELRO/);
    expect(read('-d')).toMatch(/BIND_NOW/);
    expect(read('-l')).toMatch(/GNU_STACK .* RW /);
    // The text of a failed assertion of the C++ library.
    expect(fs.readFileSync(builtFile()).includes('!this->empty()')).toBe(true);
  });

  test('has a build id, and says what it was built from', () => {
    expect(read('-n')).toMatch(/Build ID: [0-9a-f]{40}/);
    const native = require('../../lib/native/addon');
    const { version } = require('../../package.json');
    const { commit, description, ...rest } = native.version();
    expect(rest).toEqual({ version });
    expect(commit).toMatch(/^([0-9a-f]{12}(-dirty)?|unknown)$/);
    expect(fs.readFileSync(builtFile()).includes(description)).toBe(true);
  });

  test('is small once it is stripped', () => {
    const stripped = path.join(copy.folder, 'stripped.node');
    fs.copyFileSync(builtFile(), stripped);
    execFileSync('strip', ['--strip-unneeded', stripped]);
    expect(fs.statSync(stripped).size).toBeLessThan(1024 * 1024);
  });
});
