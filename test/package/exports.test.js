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
