'use strict';

// A page whose connection comes back when the server does: `node examples/browser/server.js`. What a
// page needs for that is in reconnecting.mjs.

const fs = require('fs');
const http = require('http');
const path = require('path');

const { WebSocketServer } = require('wsuv');

const FILES = {
  '/': ['index.html', 'text/html'],
  '/reconnecting.mjs': ['reconnecting.mjs', 'text/javascript']
};

const web = http.createServer((req, res) => {
  const [file, type] = FILES[req.url] ?? [];
  if (file === undefined) {
    res.writeHead(404).end();
    return;
  }
  res.writeHead(200, { 'Content-Type': type });
  fs.createReadStream(path.join(__dirname, file)).pipe(res);
});

const server = new WebSocketServer({ server: web });
server.on('connection', (ws) => {
  ws.on('error', console.error);
  const tell = () => ws.send(new Date().toLocaleTimeString());
  tell();
  const timer = setInterval(tell, 1000);
  ws.on('close', () => clearInterval(timer));
});

web.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening at http://localhost:${web.address().port}`);
});
