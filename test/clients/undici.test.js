'use strict';

const { WebSocket } = require('undici');

const { echoProcess } = require('../helpers/fork-echo');
const { describeClient } = require('./browser-like');

describe('plain', () => describeClient(WebSocket, echoProcess()));
describe('compressed', () => describeClient(WebSocket, echoProcess({ perMessageDeflate: true })));
describe('compressed without context takeover', () => {
  const perMessageDeflate = { shared: true, clientNoContextTakeover: true, threshold: 0 };
  describeClient(WebSocket, echoProcess({ perMessageDeflate }));
});
