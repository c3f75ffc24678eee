'use strict';

// Run by test/parity/stream-order.test.js: a server that prints its port, sends something when it is
// asked to, and leaves in the same turn. Arguments: the package; how; where.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const [name, how, where] = process.argv.slice(2);
const { WebSocketServer } = require(name);

const read = (file) => fs.readFileSync(path.join(__dirname, file));
const web =
  where === 'https'
    ? https.createServer({ key: read('tls-key.pem'), cert: read('tls-cert.pem') })
    : http.createServer();

const server = new WebSocketServer(
  where === 'port' ? { port: 0, host: '127.0.0.1' } : { server: web }
);
server.on('connection', (ws) => {
  const leave = () => {
    ws.send('last words');
    if (how === 'signal') process.kill(process.pid, 'SIGKILL');
    else process.exit(3);
  };
  ws.on('message', how === 'exit from a handler' ? leave : () => setImmediate(leave));
});
const tell = () => process.stdout.write(String(server.address().port));
server.on('listening', tell);
if (where !== 'port') web.listen(0, '127.0.0.1');
