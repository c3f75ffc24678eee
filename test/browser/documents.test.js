'use strict';

// The servers that the documents build, with Chromium's own WebSocket.

const { describeDocuments } = require('../clients/documents');
const { exampleProcess } = require('../helpers/example-process');
const { openPage } = require('./page');

const opened = openPage();

describeDocuments(exampleProcess, (act, ...args) =>
  opened.page.evaluate(
    ([source, values]) => new Function(`return ${source}`)()(WebSocket, ...values),
    [act.toString(), args]
  )
);
