'use strict';

// An echo server whose descriptors run out when it is asked for: with a message 'exhaust' from the
// parent, or by a request for /exhaust in the middle of its handshake. 'free' gives them back; 'count' asks
// how many there are. Where it is 'behind', they run out for each request, when something has been read
// behind it.

const fs = require('fs');
const http = require('http');

const { WebSocketServer } = require('../..');

const open = [];

function exhaust() {
  try {
    for (;;) open.push(fs.openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
}

function free() {
  for (const fd of open.splice(0)) fs.closeSync(fd);
}

const [, , where] = process.argv;
const PLACES = {
  behind: () => ({ noServer: true }),
  port: () => ({ port: 0, host: '127.0.0.1' }),
  server: () => ({ server: web })
};

const web = http.createServer();
const server = new WebSocketServer({
  ...PLACES[where](),
  verifyClient: ({ req }) => {
    if (req.url === '/exhaust') exhaust();
    return true;
  }
});
if (where !== 'port') web.listen(0, '127.0.0.1');
const listener = where === 'port' ? server : web;
listener.on('listening', () => process.send(listener.address().port));
if (where === 'behind') {
  web.on('upgrade', (req, socket, head) => {
    process.send('upgrade');
    const decide = () => {
      if (socket.readableLength === 0) {
        setImmediate(decide);
        return;
      }
      exhaust();
      server.handleUpgrade(req, socket, head, (ws) => server.emit('connection', ws));
    };
    decide();
  });
}
server.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data) => ws.send(`${data} ${open.length > 0}`));
});

process.on('message', (message) => {
  if (message === 'exhaust') exhaust();
  else if (message === 'free') free();
  process.send(message === 'count' ? fs.readdirSync('/dev/fd').length : message);
});
process.on('disconnect', () => process.exit());
