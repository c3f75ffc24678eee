'use strict';

const { chromium } = require('playwright-core');

/**
 * A page of Chromium for the tests of a file. To be called once, at its top.
 *
 * @param {Object} [options] those of browser.newPage()
 * @return {{page: Page}} it is there when the tests run
 */
function openPage(options) {
  const opened = { page: undefined };
  let browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']
    });
    opened.page = await browser.newPage(options);
  });
  afterAll(() => browser?.close());
  return opened;
}

module.exports = { openPage };
