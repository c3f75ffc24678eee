'use strict';

const { execFileSync } = require('child_process');
const path = require('path');

const root = path.join(__dirname, '..', '..');

function run(code, ...flags) {
  return execFileSync(process.execPath, [...flags, '-e', code], {
    cwd: root,
    encoding: 'utf8'
  }).trim();
}

test('require and import give one and the same', () => {
  const code = `
    import('wsuv').then((module) => {
      const required = require('wsuv');
      const names = Object.keys(module).sort().join();
      const same = Object.keys(module).every((name) => name === 'default' || required[name] === module[name]);
      console.log(names, module.default === required, same);
    });`;
  expect(run(code)).toBe(
    'MyWebsocket,PerMessageDeflate,Receiver,Sender,WebSocket,WebSocketServer,createWebSocketStream,default,extension,myWebsocket,subprotocol true true'
  );
});

test("nodejs-websocket's API has a path of its own", () => {
  const code = `
    import('wsuv/nodejs-websocket').then((module) => {
      const required = require('wsuv/nodejs-websocket');
      const names = Object.keys(required).sort();
      console.log(names.join(), module.default === required, names.every((name) => module[name] === required[name]));
    });`;
  expect(run(code)).toBe(
    'Connection,Server,connect,createServer,setBinaryFragmentation,setMaxBufferLength true true'
  );
});

test('the package file can be read', () => {
  expect(run("console.log(require('wsuv/package.json').name)")).toBe('wsuv');
});

test('the entry for browsers says what to use there', () => {
  const browser = require('../../lib/browser');
  expect(() => browser()).toThrow(/native WebSocket object/);
  expect(run("console.log(require.resolve('wsuv'))", '-C', 'browser')).toMatch(/browser\.js$/);
});

test('the addon needs no symbols but those of Node-API, libuv, zlib and the C library', () => {
  const { builtFile } = require('../../lib/native/binary-path');
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
  const { builtFile } = require('../../lib/native/binary-path');
  const symbols = execFileSync('objdump', ['-T', builtFile()], { encoding: 'utf8' });
  const versions = [...symbols.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  expect(versions.length).toBeGreaterThan(0);
  expect(Math.max(...versions)).toBeLessThanOrEqual(28);
  expect(symbols).not.toMatch(/GLIBCXX_|CXXABI_/);
});
