'use strict';

const { WebSocket } = require('undici');

const { exampleProcess } = require('../helpers/example-process');
const { describeDocuments } = require('./documents');

describeDocuments(exampleProcess, (act, ...args) => act(WebSocket, ...args));
