'use strict';

// Who may connect: pages of our own with a session cookie, and programs with a token in a header.
// `node examples/authentication.js`, then open the page. TOKEN is what programs must send.

const crypto = require('crypto');
const http = require('http');
const { WebSocketServer } = require('wsuv');

const TOKEN = process.env.TOKEN ?? crypto.randomUUID();
const KEY = crypto.randomBytes(32);

const sign = (text) => crypto.createHmac('sha256', KEY).update(text).digest('base64url');
// How long it takes does not tell how much of it was right.
const isSame = (a, b) => crypto.timingSafeEqual(Buffer.from(sign(a)), Buffer.from(sign(b)));

// A page of another site can make a browser connect, cookies and all: only Origin tells.
function isOurPage({ headers: { origin, host } }) {
  return URL.canParse(origin ?? '') && new URL(origin).host === host;
}

function userOf(req) {
  const [scheme, token] = (req.headers.authorization ?? '').split(' ');
  if (scheme === 'Bearer' && token !== undefined && isSame(token, TOKEN)) return 'a program';
  const cookies = (req.headers.cookie ?? '').split('; ');
  const session = cookies.find((cookie) => cookie.startsWith('session='))?.slice(8) ?? '';
  const [name, signature] = session.split('.');
  if (signature === undefined || !isSame(signature, sign(name)) || !isOurPage(req))
    return undefined;
  return Buffer.from(name, 'base64url').toString();
}

const web = http.createServer((req, res) => {
  // Whoever looks at the page is logged in; a real one would ask for a password here.
  const name = Buffer.from(`guest ${crypto.randomInt(1000)}`).toString('base64url');
  res.writeHead(200, {
    'Content-Type': 'text/html',
    'Set-Cookie': `session=${name}.${sign(name)}; HttpOnly; SameSite=Strict; Path=/`
  });
  res.end(`<!doctype html><title>authentication</title><pre id="log"></pre><script>
    const ws = new WebSocket(location.href.replace('http', 'ws'));
    ws.onmessage = ({ data }) => (document.getElementById('log').textContent = data);
  </script>`);
});

const server = new WebSocketServer({ noServer: true });
web.on('upgrade', (req, socket, head) => {
  const user = userOf(req);
  if (user === undefined) {
    socket.on('error', console.error);
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  server.handleUpgrade(req, socket, head, (ws) => server.emit('connection', ws, req, user));
});
server.on('connection', (ws, req, user) => {
  ws.on('error', console.error);
  ws.send(`welcome, ${user}`);
});

web.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening at http://localhost:${web.address().port}`);
});
