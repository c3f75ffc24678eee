'use strict';

// Over TLS, with a certificate that is made for the occasion: `node examples/https.js` (needs the
// openssl command). KEY and CERT name files of your own.

const { execFileSync } = require('child_process');
const fs = require('fs');
const https = require('https');
const os = require('os');
const path = require('path');

const { WebSocketServer } = require('wsuv');

function selfSigned() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certificate-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const args = 'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost'.split(' ');
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
}

const { KEY, CERT } = process.env;
const web = https.createServer(
  KEY && CERT ? { key: fs.readFileSync(KEY), cert: fs.readFileSync(CERT) } : selfSigned()
);
const server = new WebSocketServer({ server: web });
server.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
web.listen(Number(process.env.PORT ?? 8443), () => {
  console.log(`listening at wss://localhost:${web.address().port}`);
});
