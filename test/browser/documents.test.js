'use strict';

// The servers that the documents build, with Chromium's own WebSocket.

const { chromium } = require('playwright-core');

const { describeDocuments } = require('../clients/documents');
const { exampleProcess } = require('../helpers/example-process');

let browser;
let page;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']
  });
  page = await browser.newPage();
});
afterAll(() => browser?.close());

describeDocuments(exampleProcess, (act, ...args) =>
  page.evaluate(
    ([source, values]) => new Function(`return ${source}`)()(WebSocket, ...values),
    [act.toString(), args]
  )
);
