'use strict';

// Drives the Chromium of the machine over its debugging WebSocket: a page, its DOM, a screenshot.

const assert = require('assert');
const { execFileSync } = require('child_process');

const puppeteer = require('puppeteer-core');

async function main() {
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], {
    encoding: 'utf8'
  }).trim();
  const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.setContent('<h1>hello</h1>');
  assert.strictEqual(await page.$eval('h1', (element) => element.textContent), 'hello');
  const screenshot = await page.screenshot();
  assert.ok(screenshot.length > 1000);
  // An answer of several megabytes.
  assert.strictEqual((await page.evaluate(() => 'x'.repeat(5_000_000))).length, 5_000_000);
  await browser.close();
}
main().then(() => console.log('done'));
