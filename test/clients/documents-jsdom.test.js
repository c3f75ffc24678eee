/** @jest-environment jsdom */
'use strict';

const { exampleProcess } = require('../helpers/example-process');
const { describeDocuments } = require('./documents');

describeDocuments(exampleProcess, (act, ...args) => act(window.WebSocket, ...args));
