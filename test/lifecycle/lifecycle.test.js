'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');

const { frame } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');
const { run } = require('./run');

const clean = { code: 0, signal: null, stderr: '' };

test('handlers that throw cost no other message and no other connection', async () => {
  const { stdout, ...rest } = await run('throwing-handler');
  expect(rest).toEqual(clean);
  expect(JSON.parse(stdout)).toEqual([
    '..one..p..two',
    '..one..p..two',
    'uncaught close',
    'uncaught close',
    'uncaught connection',
    'uncaught connection',
    'uncaught message',
    'uncaught message'
  ]);
});

test('what was sent before process.exit() arrives', async () => {
  const script = path.join(__dirname, 'scripts', 'send-then-exit.js');
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(readline.createInterface({ input: child.stdout }), 'line');
  const client = new RawClient(Number(port));
  await client.upgrade();
  await client.send(frame('text', 'go'));
  expect((await client.read(12)).subarray(2).toString()).toBe('last words');
  await client.closed;
});

test('workers can be terminated at every stage', async () => {
  const { stdout, code, signal } = await run('workers');
  expect({ stdout, code, signal }).toEqual({ stdout: 'survived\n', code: 0, signal: null });
}, 60000);

test.each([
  'listening',
  'connected',
  'upgraded',
  'client closed',
  'server closed',
  'connection',
  'message',
  'ping',
  'close',
  'end'
])('the process can end at the stage "%s"', async (stage) => {
  expect(await run('leave', [stage])).toEqual({ ...clean, stdout: '' });
});

test('a client whose input waits for its turn keeps the process alive', async () => {
  expect(await run('held-input')).toEqual({ ...clean, stdout: '2000\n' });
});

test('the package can be evaluated twice', async () => {
  const stdout = '[false,true,"y",true,"y",true,3,true,3]\n';
  expect(await run('two-evaluations')).toEqual({ ...clean, stdout });
});

test('evaluations of the package that nobody uses are collected', async () => {
  expect(await run('collect-contexts')).toEqual({ ...clean, stdout: 'collected\n' });
});

test('a handle that was given back names nobody, whoever has its slot', async () => {
  const stdout = "free: nothing\nanother's: nothing\nhello, 0 bytes wait\n";
  expect(await run('stale-handle', ['nothing'])).toEqual({ ...clean, stdout });
});

test('everything is echoed, over sockets and streams', async () => {
  expect(await run('echo-all')).toEqual({ ...clean, stdout: 'echoed\n' });
}, 60000);

test('workers of a cluster share a port', async () => {
  expect(await run('cluster')).toEqual({ ...clean, stdout: 'done\n' });
});
