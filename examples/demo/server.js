'use strict';

// The demo: `npm start`, then open http://localhost:8080 in two tabs. PORT changes the port. The page
// talks to this server, or to one of those in servers.js.

const fs = require('fs');
const http = require('http');
const path = require('path');

const { MyWebsocket } = require('wsuv');

const { maxPayload, ofMyWebsocket, startServers } = require('./servers');

const port = Number(process.env.PORT || 8080);
const page = fs.readFileSync(path.join(__dirname, 'index.html'));

const web = http.createServer((req, res) => {
  if (req.url === '/servers.json') {
    const list = Object.entries(servers).map(([name, { title, port: at }]) => ({
      name,
      title,
      port: at()
    }));
    res.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
    res.end(JSON.stringify(list));
    return;
  }
  if (req.url !== '/') {
    res.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found\n');
    return;
  }
  res.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self' ws: wss:",
    'Cache-Control': 'no-cache'
  });
  res.end(page);
});

const own = new MyWebsocket({ server: web, maxPayload });
const ownServer = ofMyWebsocket('new MyWebsocket({ server })', own);
own.on('data', (data, peer) => onText(ownServer, data, peer));
let servers = {};
const messages = new Map();

// What came from a browser: JSON of a known shape, or undefined.
function parse(data) {
  try {
    const message = JSON.parse(data);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

function onText(server, data, peer) {
  messages.set(server, (messages.get(server) ?? 0) + 1);
  const message = typeof data === 'string' ? parse(data) : undefined;
  if (message === undefined) {
    peer.close(1007, 'JSON is expected');
  } else if (message.type === 'ping') {
    peer.send(data);
  } else if (message.type === 'chat') {
    const text = String(message.text).trim().slice(0, 500);
    const name = String(message.name).trim().slice(0, 30) || 'somebody';
    if (text !== '') server.send(JSON.stringify({ type: 'chat', name, text, time: Date.now() }));
  }
}

let lastCpu = process.cpuUsage();
let lastTime = process.hrtime.bigint();
const timer = setInterval(() => {
  const cpu = process.cpuUsage(lastCpu);
  const now = process.hrtime.bigint();
  const microseconds = Number(now - lastTime) / 1000;
  for (const server of [ownServer, ...Object.values(servers)]) {
    const figures = {
      type: 'figures',
      connections: server.count(),
      messages: ((messages.get(server) ?? 0) * 1e6) / microseconds,
      cpu: ((cpu.user + cpu.system) / microseconds) * 100
    };
    server.send(JSON.stringify(figures));
  }
  lastCpu = process.cpuUsage();
  lastTime = now;
  messages.clear();
}, 1000);

// The HTTP server's errors come here; those of a peer have ended its connection.
own.on('error', (error, peer) => {
  if (peer !== undefined) return;
  console.error(
    error.code === 'EADDRINUSE'
      ? `Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`
      : error.message
  );
  process.exit(1);
});
web.listen(port, async () => {
  servers = await startServers(onText);
  console.log(`The demo is at http://localhost:${web.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(timer);
    for (const server of [ownServer, ...Object.values(servers)]) {
      server.close(1001, 'The server is stopping');
    }
    web.close();
    web.closeAllConnections();
  });
}
