'use strict';

// Every example starts with the command that it names, and does what it says.

const { spawn } = require('child_process');
const crypto = require('crypto');
const { once } = require('events');
const fs = require('fs');
const path = require('path');

const { io } = require('socket.io-client');
const ts = require('typescript');

const { WebSocket, WebSocketServer } = require('..');
const { RawClient } = require('./helpers/raw-client');

const root = path.join(__dirname, '..');
const folder = path.join(root, 'examples');
const running = [];

// Starts a program at any free port.
function run(args, env = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  running.push(child);
  child.output = child.errors = '';
  child.stdout.on('data', (chunk) => (child.output += chunk));
  child.stderr.on('data', (chunk) => (child.errors += chunk));
  return child;
}

// Starts an example.
function start(name, args = [], env = {}) {
  return run([path.join(folder, name), ...args], env);
}

// Resolves when the output has what is wanted.
async function until(child, pattern, stream = 'stdout') {
  const text = stream === 'stdout' ? 'output' : 'errors';
  const exit = once(child, 'exit').then(() => {
    if (!pattern.test(child[text])) throw new Error(`It has ended: ${child.errors}`);
  });
  exit.catch(() => {});
  while (!pattern.test(child[text])) await Promise.race([once(child[stream], 'data'), exit]);
  return pattern.exec(child[text]);
}

async function urlOf(child) {
  const [, url] = await until(child, /listening at (\S+)/);
  return url.replace(/^http/, 'ws').replace('[::1]', 'localhost');
}

// What an upgrade comes to: the first message, or the reason why not.
async function firstMessage(url, options) {
  const client = new WebSocket(url, options);
  const [message] = await Promise.race([
    once(client, 'message'),
    new Promise((resolve) => client.on('error', ({ message }) => resolve([message])))
  ]);
  client.terminate();
  return message.toString();
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

test('every example is tried here, and says how it is started', () => {
  const tried = fs.readFileSync(__filename, 'utf8');
  for (const file of fs.readdirSync(folder)) {
    if (['README.md', 'browser', 'demo', 'docker'].includes(file)) continue;
    expect(tried).toContain(`'${file}'`);
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    expect(text).toContain(`\`node examples/${file}`);
  }
});

test('echo', async () => {
  expect(await ask(await urlOf(await start('echo.js')), 'hello')).toBe('hello');
});

describe('the servers of the documents', () => {
  test.each(['my-websocket.js', 'upgrade.js', 'server.js', 'nodejs-websocket.js'])(
    '%s',
    async (name) => {
      expect(await ask(await urlOf(start(name)), 'hello')).toBe('hello');
    }
  );

  test('smallest.js', async () => {
    expect(await ask(await urlOf(start('smallest.js')), 'hello')).toBe('you said hello');
  });
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

test('hash', async () => {
  const url = await urlOf(start('hash.js'));
  const client = new WebSocket(url);
  const answers = [];
  client.on('message', (data) => answers.push(String(data)));
  await once(client, 'open');
  const messages = [Buffer.from('short'), Buffer.alloc(3000000, 'long'), Buffer.from('pieces')];
  client.send(messages[0]);
  client.send(messages[1]);
  client.send('pie', { binary: true, fin: false });
  client.send('ces');
  while (answers.length < messages.length) await once(client, 'message');
  expect(answers).toEqual(
    messages.map((data) => crypto.createHash('sha256').update(data).digest('hex'))
  );
  client.close();
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

test('authentication', async () => {
  const url = await urlOf(await start('authentication.js', [], { TOKEN: 'secret' }));
  const page = await fetch(url.replace('ws', 'http'));
  const [cookie] = page.headers.get('set-cookie').split(';');
  const origin = url.replace('ws', 'http');
  const headers = { cookie };
  expect(await firstMessage(url, { headers, origin })).toMatch(/^welcome, guest \d+$/);
  const refused = 'Unexpected server response: 401';
  // Another site's page, with the cookie that the browser adds; no page at all; a forged cookie.
  expect(await firstMessage(url, { headers, origin: 'http://evil.example' })).toBe(refused);
  expect(await firstMessage(url, { headers })).toBe(refused);
  const forged = { cookie: cookie.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')) };
  expect(await firstMessage(url, { headers: forged, origin })).toBe(refused);
  const bearer = (token) => firstMessage(url, { headers: { authorization: `Bearer ${token}` } });
  expect(await bearer('secret')).toBe('welcome, a program');
  expect(await bearer('wrong')).toBe(refused);
  expect(await firstMessage(url, {})).toBe(refused);
});

test('heartbeat', async () => {
  const child = start('heartbeat.js', [], { INTERVAL: '500' });
  const url = await urlOf(child);
  const client = new WebSocket(url);
  await once(client, 'open');
  // It reads and does not answer.
  const silent = new RawClient(Number(new URL(url).port));
  await silent.upgrade();
  await silent.closed;
  await until(child, /is gone, 1006/);
  await once(client, 'ping');
  await once(client, 'ping');
  expect(client.readyState).toBe(WebSocket.OPEN);
  client.terminate();
});

test('graceful-shutdown', async () => {
  const child = start('graceful-shutdown.js', [], { SPREAD: '100' });
  const url = await urlOf(child);
  const clients = Array.from({ length: 4 }, () => new WebSocket(url));
  await Promise.all(clients.map((client) => once(client, 'open')));
  const closed = clients.map((client) => once(client, 'close'));
  // What is under way still arrives.
  const answer = once(clients[3], 'message');
  clients[3].send('last words');
  child.kill('SIGTERM');
  const exit = once(child, 'exit');
  expect(String((await answer)[0])).toBe('last words');
  for (const [code, reason] of await Promise.all(closed)) {
    expect([code, String(reason)]).toEqual([1001, 'restarting']);
  }
  expect(await exit).toEqual([0, null]);
  expect(child.output).toContain('all are gone');
});

test('one-message', async () => {
  const file = path.join(root, 'lib', 'websocket.js');
  const child = start('one-message.js', [file]);
  const client = new WebSocket(await urlOf(child));
  const closed = once(client, 'close');
  const [data, isBinary] = await once(client, 'message');
  expect([isBinary, data.equals(fs.readFileSync(file))]).toEqual([true, true]);
  await closed;
  await until(child, /sent .*websocket\.js/);
  const lost = start('one-message.js', ['nowhere']);
  const [code] = await once(new WebSocket(await urlOf(lost)), 'close');
  expect(code).toBe(1005);
  await until(lost, /not sent: ENOENT/);
});

test('conversation', async () => {
  const child = start('conversation.js');
  const client = new WebSocket(await urlOf(child));
  const got = [];
  client.on('open', () => {
    client.send('Ada');
    client.send('why?');
  });
  client.on('message', (data) => got.push(String(data)) === 3 && client.close());
  await once(client, 'close');
  expect(got).toEqual([
    'What is your name?',
    'Hello Ada. What do you want to know?',
    'I wonder, too: why?'
  ]);
  await until(child, /Ada has gone/);
});

test('send-file', async () => {
  const file = path.join(root, 'build', `send-file-${process.pid}`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const size = 48 * 1024 * 1024;
  fs.closeSync(fs.openSync(file, 'w'));
  fs.truncateSync(file, size);
  const child = start('send-file.js', [file]);
  const client = new WebSocket(await urlOf(child));
  let received = 0;
  client.on('message', (data) => (received += data.length));
  const closed = once(client, 'close');
  await once(client, 'open');
  client.pause();
  const [, read] = await until(child, /waiting for the client, behind (\d+) bytes/);
  // What fits into the buffers of the two sockets, and no more of the file.
  expect(Number(read)).toBeLessThan(size / 2);
  client.resume();
  expect((await closed)[0]).toBe(1000);
  expect(received).toBe(size);
  await until(child, new RegExp(`sent ${size} bytes`));
  fs.unlinkSync(file);
});

test('shared-compression', async () => {
  const url = await urlOf(await start('shared-compression.js'));
  const clients = [new WebSocket(url), new WebSocket(url)];
  const news = await Promise.all(clients.map((client) => once(client, 'message')));
  for (const client of clients) {
    expect(client.extensions).toBe('permessage-deflate');
    expect(client._socket.bytesRead).toBeLessThan(news[0][0].length / 2);
    client.terminate();
  }
  expect(JSON.parse(news[0][0])).toHaveLength(100);
});

test('socket.io', async () => {
  const child = start('socket.io.js', [], { NODE_DEBUG: 'wsuv' });
  const url = await urlOf(child);
  const clients = [0, 1].map(() => io(url, { transports: ['websocket'], forceNew: true }));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  const heard = clients.map((client) => once(client, 'said'));
  expect(await clients[0].emitWithAck('say', 'hello')).toBe(5);
  expect(await Promise.all(heard)).toEqual([['hello'], ['hello']]);
  for (const client of clients) client.disconnect();
  // It is wsuv that serves, and not the ws that Socket.IO has.
  await until(child, /^WSUV.*open/m, 'stderr');
});

test('esm.mjs', async () => {
  expect(await ask(await urlOf(await start('esm.mjs')), 'hello')).toBe('hello');
});

describe('typescript.mts', () => {
  const file = path.join(folder, 'typescript.mts');

  test('has the right types', () => {
    const program = ts.createProgram([file], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      erasableSyntaxOnly: true,
      types: ['node']
    });
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(problems).toEqual([]);
  });

  test('serves rooms', async () => {
    // Newer versions of Node.js leave the types out by themselves.
    const { outputText } = ts.transpileModule(fs.readFileSync(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    });
    const args = process.features.typescript
      ? [file]
      : ['--input-type=module', '--eval', outputText];
    const url = await urlOf(run(args));
    const [a, b, elsewhere] = ['/room', '/room', '/other'].map((name) => new WebSocket(url + name));
    await Promise.all([a, b, elsewhere].map((client) => once(client, 'open')));
    elsewhere.on('message', () => expect('a message').toBe('elsewhere'));
    const message = { from: 'a', text: 'hello' };
    const heard = [a, b].map((client) => once(client, 'message'));
    a.send(JSON.stringify(message));
    for (const [data] of await Promise.all(heard)) expect(JSON.parse(data)).toEqual(message);
    const closed = once(elsewhere, 'close');
    elsewhere.send('no JSON');
    expect((await closed)[0]).toBe(1003);
    for (const client of [a, b]) client.terminate();
  });
});

test('browser', async () => {
  const child = start('browser/server.js');
  const url = await urlOf(child);
  const page = await (await fetch(url.replace('ws', 'http'))).text();
  const [, script] = /from '\.(\/\w+\.mjs)'/.exec(page);
  const response = await fetch(url.replace('ws', 'http') + script);
  expect(response.headers.get('content-type')).toBe('text/javascript');
  const source = await response.text();

  // What a page has, in a process of its own.
  const client = run([
    '--input-type=module',
    '--eval',
    `import { WebSocket } from 'wsuv';
     globalThis.WebSocket = WebSocket;
     const { ReconnectingWebSocket } = await import(
       'data:text/javascript,' + encodeURIComponent(${JSON.stringify(source)})
     );
     const ws = new ReconnectingWebSocket('${url}', { shortest: 20 });
     for (const type of ['open', 'message', 'close']) {
       ws.addEventListener(type, () => console.log(type, ws.isOpen));
     }`
  ]);
  await until(client, /open true\nmessage true/);
  const exit = once(child, 'exit');
  child.kill();
  await exit;
  await until(client, /close false\n(close false\n)+/);
  // The server is back, at the same port.
  start('browser/server.js', [], { PORT: new URL(url).port });
  await until(client, /close false\nopen true\nmessage true/);
});

describe('docker', () => {
  const docker = path.join(folder, 'docker');

  test('server.js serves, and ends on SIGTERM', async () => {
    const child = start('docker/server.js');
    const url = await urlOf(child);
    expect(await ask(url, 'hello')).toBe('hello');
    const client = new WebSocket(url);
    await once(client, 'open');
    const closed = once(client, 'close');
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(1001);
    expect(await exit).toEqual([0, null]);
  });

  test.each(['Dockerfile', 'Dockerfile.alpine'])('%s names what is there', (name) => {
    const text = fs.readFileSync(path.join(docker, name), 'utf8').replace(/\\\n/g, '');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const known = /^(FROM|ENV|WORKDIR|COPY|RUN|USER|EXPOSE|CMD) /;
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
    for (const [, version] of text.matchAll(/^FROM node:(\d+)-/gm)) {
      expect(Number(version)).toBeGreaterThanOrEqual(20);
    }
    for (const [, source] of text.matchAll(/^COPY (?!--from)(\S+)/gm)) {
      expect(fs.existsSync(path.join(docker, source))).toBe(true);
    }
    // Not as root, and without a shell between the signals and the server.
    expect(lines.at(-1)).toBe('CMD ["node", "server.js"]');
    expect(lines.findLastIndex((line) => line === 'USER node')).toBeGreaterThan(
      lines.findLastIndex((line) => /^(FROM|RUN|COPY)/.test(line))
    );
    expect(text).toContain('npm install wsuv@8 ');
  });
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
