'use strict';

// A server for the load generators: `node echo.js PACKAGE KIND port|http|https COMPRESSION`. It
// echoes; where KIND is "fan-out", what comes from the path /publish goes to all others. Reports
// its port, and its CPU time and memory whenever it is asked.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const { rivals, startRival } = require('../rivals');

const [, , wanted, kind, on, compression] = process.argv;
const helpers = path.join(__dirname, '..', '..', 'test', 'helpers');
const host = '127.0.0.1';
const report = (port) => process.send({ port });

function start() {
  const { WebSocketServer } = require(wanted);
  const options = { perMessageDeflate: JSON.parse(compression) };
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

function serve(ws, req, clients) {
  if (kind === 'fan-out') {
    if (req.url !== '/publish') return;
    clients.delete(ws);
    ws.on('message', (data) => {
      for (const client of clients) client.send(data);
    });
  } else if (kind === 'text') {
    ws.onmessage = ({ data }) => ws.send(data);
  } else {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  }
}

if (Object.hasOwn(rivals, wanted)) {
  startRival(wanted, report);
} else {
  const server = start();
  server.on('connection', (ws, req) => serve(ws, req, server.clients));
}

process.on('message', (what) => {
  if (what === 'collect') global.gc();
  process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit());
