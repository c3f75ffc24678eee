'use strict';

// What is loaded when. In processes of their own: Jest's loader is not Node's, and gets everything at
// once (lib/lazy.js).

const { execFileSync } = require('child_process');
const path = require('path');

const root = path.join(__dirname, '..', '..');

function run(code) {
  const output = execFileSync(process.execPath, ['-e', code], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, WSUV_TRANSPORT: '' }
  });
  return JSON.parse(output);
}

// Which files of the package are loaded, and which modules of Node's.
const OBSERVE = `
  const path = require('path');
  const files = () => Object.keys(require.cache).map((file) => path.relative('lib', file));
  const builtIn = () => process.moduleLoadList.map((name) => name.replace('NativeModule ', ''));
  const report = (value) => process.stdout.write(JSON.stringify(value));
`;

test('who loads the package loads no more than the shape of its classes', () => {
  const { files, builtIn } = run(`${OBSERVE}
    require('wsuv');
    report({ files: files(), builtIn: builtIn() });`);
  // Each costs about as much as 1% of loading ws.
  expect(files.length).toBeLessThanOrEqual(22);
  for (const name of ['crypto', 'https', 'tls', 'zlib', 'dns', 'cluster']) {
    expect(builtIn).not.toContain(name);
  }
  expect(files).toContain('receiver.js');
  expect(files).toContain('sender.js');
});

test('from when a server listens, nothing is read for a connection', () => {
  const { before, after } = run(`${OBSERVE}
    const net = require('net');
    const { WebSocketServer } = require('wsuv');
    const wss = new WebSocketServer({ port: 0 }, () => {
      const before = files();
      const socket = net.connect(wss.address().port);
      socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n' +
        'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n');
      // A ping, a text, and a close frame, all of them empty.
      socket.write(Buffer.from('89800000000081800000000088800000000000', 'hex').subarray(0, 18));
      socket.resume();
      wss.on('connection', (ws, req) => {
        void req.url;
        void ws._socket.remoteAddress;
        ws.on('message', (data) => ws.send(data, () => {}));
        ws.on('close', () => wss.close(() => report({ before, after: files() })));
      });
    });`);
  expect(before.length).toBeGreaterThan(40);
  expect(after).toEqual(before);
});

test('a server that compresses has what it needs for it from the beginning', () => {
  const loaded = run(`${OBSERVE}
    const { WebSocketServer } = require('wsuv');
    new WebSocketServer({ noServer: true });
    const plain = files().includes('compat/permessage-deflate.js');
    new WebSocketServer({ noServer: true, perMessageDeflate: true });
    report([plain, files().includes('compat/permessage-deflate.js')]);`);
  expect(loaded).toEqual([false, true]);
});

test('what is loaded later is a property like any other', () => {
  const results = run(`
    const ws = require('wsuv');
    const names = ["MyWebsocket", "PerMessageDeflate", "createWebSocketStream", "extension", "myWebsocket", "subprotocol"];
    const results = {};
    results.keys = names.every((name) => Object.keys(ws).includes(name));
    const { configurable, enumerable } = Object.getOwnPropertyDescriptor(ws, 'PerMessageDeflate');
    results.before = [configurable, enumerable];
    const { PerMessageDeflate } = ws;
    const settled = Object.getOwnPropertyDescriptor(ws, 'PerMessageDeflate');
    results.after = [settled.value === PerMessageDeflate, settled.writable, settled.enumerable];
    results.same = PerMessageDeflate === { ...ws }.PerMessageDeflate;
    ws.extension = 'mine';
    results.set = [ws.extension, Object.getOwnPropertyDescriptor(ws, 'extension').value];
    delete ws.subprotocol;
    results.deleted = 'subprotocol' in ws;
    process.stdout.write(JSON.stringify(results));`);
  expect(results).toEqual({
    keys: true,
    before: [true, true],
    after: [true, true, true],
    same: true,
    set: ['mine', 'mine'],
    deleted: false
  });
});

test("a loader that is not Node's gets everything at once", () => {
  const wsuv = require('wsuv');
  for (const name of Object.keys(wsuv)) {
    expect([name, Object.getOwnPropertyDescriptor(wsuv, name).get]).toEqual([name, undefined]);
  }
});
