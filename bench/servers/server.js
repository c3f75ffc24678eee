'use strict';

// A server for the load generators: `node server.js PACKAGE LOAD`, where LOAD is JSON; see
// measures/load.js. What it does with a connection is in handlers.js. Reports its port, and what
// gauges.js knows whenever it is asked.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const gauges = require('./gauges');
const { HANDLERS } = require('./handlers');
const { rivals, startRival } = require('../rivals');

const [, , wanted, json] = process.argv;
const load = JSON.parse(json);
const helpers = path.join(__dirname, '..', '..', 'test', 'helpers');
const host = '127.0.0.1';
const report = (port) => process.send({ port });

function start() {
  const { WebSocketServer } = require(wanted);
  const { compression = false, maxPayload, on = 'port' } = load;
  const options = { perMessageDeflate: compression };
  if (maxPayload !== undefined) options.maxPayload = maxPayload;
  if (load.kind === 'stream') options.streamThreshold = 64 * 1024;
  if (on === 'port') {
    const server = new WebSocketServer({ port: 0, host, ...options }, () =>
      report(server.address().port)
    );
    return server;
  }
  const web =
    on === 'http'
      ? http.createServer()
      : https.createServer({
          key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
          cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
        });
  web.listen(0, host, () => report(web.address().port));
  return new WebSocketServer({ server: web, ...options });
}

if (Object.hasOwn(rivals, wanted)) {
  startRival(wanted, report);
} else {
  const server = start();
  const serve = HANDLERS[load.kind];
  server.on('connection', (ws, req) => serve(ws, req, server.clients, load, require(wanted)));
}

process.on('message', ({ collect = false, watch }) => {
  if (collect) global.gc();
  const state = gauges.read();
  if (watch !== undefined) gauges.watch(watch);
  process.send(state);
});
process.on('disconnect', () => process.exit());
