'use strict';

const { WebSocket } = require('undici');

const { echoProcess } = require('../helpers/fork-echo');
const { describeClient } = require('./browser-like');

describeClient(WebSocket, echoProcess());
