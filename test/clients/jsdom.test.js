/** @jest-environment jsdom */
'use strict';

const { echoProcess } = require('../helpers/fork-echo');
const { describeClient } = require('./browser-like');

test("the client is jsdom's", () => {
  expect(window.WebSocket).toBe(WebSocket);
  expect(String(navigator.userAgent)).toMatch(/jsdom/);
});

describeClient(WebSocket, echoProcess());
