'use strict';

// NODE_DEBUG=wsuv says what connections do.

const { execFile } = require('child_process');
const path = require('path');

const echo = `
  const { WebSocket, WebSocketServer } = require(${JSON.stringify(path.join(__dirname, '..'))});
  const server = new WebSocketServer({ port: 0, path: '/here' }, () => {
    const url = 'ws://127.0.0.1:' + server.address().port;
    const refused = new WebSocket(url + '/there');
    refused.on('error', () => {
      const client = new WebSocket(url + '/here');
      client.on('open', () => client.close(4000, 'enough'));
      client.on('close', () => server.close());
    });
  });`;

function run(debug, program = echo) {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_DEBUG: debug };
    execFile(process.execPath, ['-e', program], { env }, (_, stdout, stderr) => {
      resolve([stdout, stderr.replaceAll(/\d+: /g, '').split('\n')]);
    });
  });
}

test('with NODE_DEBUG=wsuv', async () => {
  const [stdout, lines] = await run('wsuv');
  expect(stdout).toBe('');
  for (const pattern of [
    /^WSUV wsuv \d+\.\d+\.\d+ \(commit \S+\), .*wsuv\.node$/,
    /^WSUV listening at/,
    /^WSUV refused: 400/,
    /^WSUV client of 127\.0\.0\.1 .*open/,
    /^WSUV server of .*127\.0\.0\.1 .*close frame, 4000 enough$/,
    /^WSUV server of .*closed, 4000 enough$/
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(pattern));
  }
});

test('on a Node.js that was not tested, says so once', async () => {
  const load = `require(${JSON.stringify(path.join(__dirname, '..'))});`;
  const [, tested] = await run('wsuv', load);
  expect(tested.filter((line) => line.includes('tested'))).toEqual([]);
  const version = "Object.defineProperty(process.versions, 'node', { value: '99.1.0' });";
  const [stdout, lines] = await run('wsuv', version + load);
  expect(stdout).toBe('');
  expect(lines.filter((line) => line.includes('tested'))).toEqual([
    'WSUV Node.js 99.1.0 is not among the tested: 20, 22, 24, 26'
  ]);
});

test('without', async () => {
  expect(await run('http2')).toEqual(['', ['']]);
});
