'use strict';

// An echo server for the load generators: `node echo.js PACKAGE text|binary port|http|https
// [COMPRESSION]`. What comes for the path /publish goes to all others, before it is echoed. Reports
// its port, and its CPU time and memory whenever it is asked.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const [, , name, kind, on = 'port', compression = 'false'] = process.argv;
const { WebSocketServer } = require(name === 'wsuv' ? '../..' : name);

const options = { perMessageDeflate: JSON.parse(compression) };
const helpers = path.join(__dirname, '..', '..', 'test', 'helpers');
const report = () => process.send({ port: server.address().port });
const host = '127.0.0.1';
let server;
if (on === 'port') {
  server = new WebSocketServer({ port: 0, host, ...options }, report);
} else {
  const web =
    on === 'http'
      ? http.createServer()
      : https.createServer({
          key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
          cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
        });
  server = new WebSocketServer({ server: web, ...options });
  web.listen(0, host, report);
}

server.on('connection', (ws, req) => {
  if (kind === 'fan-out') {
    const isPublisher = req.url === '/publish';
    if (isPublisher) server.clients.delete(ws);
    ws.on('message', (data) => {
      for (const client of server.clients) client.send(data);
      ws.send(data);
    });
  } else if (kind === 'text') {
    ws.onmessage = ({ data }) => ws.send(data);
  } else {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  }
});

process.on('message', (what) => {
  if (what === 'collect') global.gc();
  process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit());
