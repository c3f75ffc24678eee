'use strict';

// The demo in a real browser: two tabs chat, the figures move, and a server that goes and comes
// back is noticed. Screenshots are put into artifacts/.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const { chromium } = require('playwright-core');

const root = path.join(__dirname, '..', '..');
const artifacts = path.join(root, 'artifacts');
const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

let browser;
let demo;

async function startDemo(port) {
  demo = spawn(process.execPath, ['examples/demo/server.js'], {
    cwd: root,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit']
  });
  const [line] = await once(readline.createInterface({ input: demo.stdout }), 'line');
  return /http:\/\/\S+/.exec(line)[0];
}

async function stopDemo(signal = 'SIGTERM') {
  const exit = once(demo, 'exit');
  demo.kill(signal);
  return exit;
}

beforeAll(async () => {
  fs.mkdirSync(artifacts, { recursive: true });
  browser = await chromium.launch({ executablePath, args });
});

afterEach(async () => {
  if (demo?.exitCode === null && demo.signalCode === null) await stopDemo();
});

afterAll(() => browser?.close());

test('two tabs chat, and the page notices when the server goes and comes back', async () => {
  const url = await startDemo(0);
  const port = new URL(url).port;
  const desk = await (
    await browser.newContext({ viewport: { width: 1200, height: 760 } })
  ).newPage();
  const phone = await (
    await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  ).newPage();
  const errors = [];
  for (const page of [desk, phone]) page.on('pageerror', (error) => errors.push(error.message));
  await desk.goto(url);
  await phone.goto(url);
  await desk.waitForSelector('#status.open');
  await phone.waitForSelector('#status.open');

  await desk.fill('#name', 'Desk');
  await phone.fill('#name', 'Phone');
  await desk.fill('#text', 'Hello from the desk <b>');
  await desk.press('#text', 'Enter');
  await phone.waitForSelector('text=Hello from the desk <b>');
  await phone.fill('#text', 'And from the phone');
  await phone.click('button');
  await desk.waitForSelector('text=And from the phone');
  expect(await desk.locator('#log li.mine').count()).toBe(1);

  await desk.waitForFunction(() => document.getElementById('connections').textContent === '2');
  await desk.waitForFunction(() => /^[0-9.]+ ms$/.test(document.getElementById('rtt').textContent));
  await desk.waitForTimeout(3000);
  await desk.screenshot({ path: path.join(artifacts, 'demo-desk-light.png') });
  await phone.screenshot({ path: path.join(artifacts, 'demo-phone-dark.png'), fullPage: true });
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(overflow).toBe(false);

  expect(await stopDemo()).toEqual([0, null]);
  await desk.waitForSelector('#status.gone');
  expect(await desk.textContent('#banner')).toMatch(/^The server is stopping\. Next try in/);
  await desk.screenshot({ path: path.join(artifacts, 'demo-gone.png') });
  await startDemo(port);
  await desk.waitForSelector('#status.open');
  expect(await desk.isHidden('#banner')).toBe(true);

  await stopDemo('SIGKILL');
  await desk.waitForSelector('#status.gone');
  expect(await desk.textContent('#banner')).toMatch(/^The server is gone\./);

  // A server that freezes says nothing, and answers no closing handshake.
  await startDemo(port);
  await desk.waitForSelector('#status.open', { timeout: 15_000 });
  demo.kill('SIGSTOP');
  await desk.waitForSelector('#status.gone', { timeout: 10_000 });
  expect(await desk.textContent('#banner')).toMatch(/^The server does not answer\./);
  demo.kill('SIGCONT');
  await desk.waitForSelector('#status.open', { timeout: 15_000 });
  expect(errors).toEqual([]);
});

test('the page can be switched between the servers', async () => {
  const url = await startDemo(0);
  const pages = [];
  for (let i = 0; i < 2; i++) pages.push(await (await browser.newContext()).newPage());
  const errors = [];
  for (const page of pages) {
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    await page.waitForSelector('#status.open');
  }
  const [first, second] = pages;
  const names = await first.$$eval('#server option', (options) =>
    options.map(({ value }) => value)
  );
  expect(names).toEqual(['', 'my-websocket', 'upgrade', 'server', 'nodejs-websocket', 'smallest']);
  for (const name of [...names.slice(1), '']) {
    for (const page of pages) {
      await page.selectOption('#server', name);
      await page.waitForSelector('#status.open');
      // Round trips, and the figures of this server.
      await page.waitForFunction(() =>
        /^[0-9.]+ ms$/.test(document.getElementById('rtt').textContent)
      );
    }
    await first.waitForFunction(() => document.getElementById('connections').textContent === '2');
    await first.fill('#text', `hello over ${name || 'the first'}`);
    await first.press('#text', 'Enter');
    await second.waitForSelector(`text=hello over ${name || 'the first'}`);
  }
  // The choice is in the address.
  await second.selectOption('#server', 'smallest');
  await second.reload();
  await second.waitForSelector('#status.open');
  expect(await second.inputValue('#server')).toBe('smallest');
  expect(errors).toEqual([]);
  expect(await stopDemo()).toEqual([0, null]);
});
