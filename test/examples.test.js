'use strict';

// Every example starts with the command that it names, and does what it says.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');

const { WebSocket, WebSocketServer } = require('..');

const folder = path.join(__dirname, '..', 'examples');
const running = [];

// Starts an example at any free port; resolves with what it says when it listens.
async function start(name, args = []) {
  const child = spawn(process.execPath, [path.join(folder, name), ...args], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit']
  });
  running.push(child);
  child.output = '';
  child.stdout.on('data', (chunk) => (child.output += chunk));
  return child;
}

async function until(child, pattern) {
  while (!pattern.test(child.output)) await once(child.stdout, 'data');
  return pattern.exec(child.output);
}

async function urlOf(child) {
  const [, url] = await until(child, /listening at (\S+)/);
  return url.replace(/^http/, 'ws').replace('[::1]', 'localhost');
}

async function ask(url, message) {
  const client = new WebSocket(url, { rejectUnauthorized: false });
  await once(client, 'open');
  client.send(message);
  const [data] = await once(client, 'message');
  client.close();
  await once(client, 'close');
  return data.toString();
}

afterEach(async () => {
  for (const child of running.splice(0)) {
    const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
    child.kill();
    await exit;
  }
});

test('echo', async () => {
  expect(await ask(await urlOf(await start('echo.js')), 'hello')).toBe('hello');
});

test('express', async () => {
  const url = await urlOf(await start('express.js'));
  expect(await (await fetch(url.replace('ws', 'http'))).text()).toContain('/ws');
  expect(await ask(`${url}/ws`, 'hello')).toMatch(/said hello$/);
});

test('fastify', async () => {
  const url = await urlOf(await start('fastify.js'));
  expect(await ask(`${url}/ws?token=secret`, 'hello')).toBe('hello');
  const refused = new WebSocket(`${url}/ws?token=wrong`);
  expect((await once(refused, 'error'))[0].message).toBe('Unexpected server response: 401');
});

test('https', async () => {
  expect(await ask(await urlOf(await start('https.js')), 'hello')).toBe('hello');
});

test('cluster', async () => {
  const child = await start('cluster.js');
  const url = await urlOf(child);
  expect(await ask(url, 'you')).toMatch(/^\d+ heard you$/);
});

test('stream-file', async () => {
  const file = path.join(folder, 'stream-file.js');
  const child = await start('stream-file.js', [file]);
  const client = new WebSocket(await urlOf(child));
  const chunks = [];
  client.on('message', (data) => chunks.push(data));
  await once(client, 'close');
  expect(Buffer.concat(chunks).equals(fs.readFileSync(file))).toBe(true);
  await until(child, /sent /);
});

test('client', async () => {
  const server = new WebSocketServer({ port: 0 });
  await once(server, 'listening');
  let connections = 0;
  server.on('connection', (ws) => {
    connections++;
    ws.on('message', (data) => ws.send(data));
  });
  const child = await start('client.js', [`ws://localhost:${server.address().port}`]);
  await until(child, /1000 echoes/);
  // It comes back when it is thrown out.
  server.clients.forEach((ws) => ws.terminate());
  await until(child, /1000 echoes[^]*1000 echoes/);
  expect(connections).toBe(2);
  child.kill();
  server.clients.forEach((ws) => ws.terminate());
  await new Promise((resolve) => server.close(resolve));
});
