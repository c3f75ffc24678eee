'use strict';

// Where a WebSocket's bytes can come from, for scenarios that are to hold everywhere.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const https = require('https');
const net = require('net');
const path = require('path');

const { RawClient, upgradeRequest } = require('./raw-client');

function certificate() {
  return {
    key: fs.readFileSync(path.join(__dirname, 'tls-key.pem')),
    cert: fs.readFileSync(path.join(__dirname, 'tls-cert.pem'))
  };
}

/** A port of the package's own, an HTTP server's, and one of an HTTPS server. */
const SITES = ['port', 'http', 'tls'];

/**
 * A listening WebSocketServer.
 *
 * @param {Object} lib
 * @param {String} site one of SITES
 * @param {Object} [options] of the server; and `web`, those of an HTTP server that it is on
 * @return {Promise<WebSocketServer>} with `port` and `connect()`, which makes a RawClient
 */
async function openSite(lib, site, { web: webOptions = {}, ...options } = {}) {
  let wss;
  if (site === 'port') {
    wss = new lib.WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    await once(wss, 'listening');
    wss.port = wss.address().port;
  } else {
    const web =
      site === 'tls'
        ? https.createServer({ ...certificate(), ...webOptions })
        : http.createServer(webOptions);
    wss = new lib.WebSocketServer({ server: web, ...options });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    wss.port = web.address().port;
    wss.web = web;
  }
  // What is written leaves at once, and so in the order of the scenario.
  wss.connect = () => {
    const client = new RawClient(wss.port, { secure: site === 'tls' });
    client.socket.setNoDelay();
    return client;
  };
  return wss;
}

/** A RawClient of such a server whose upgrade request was answered. */
async function visit(wss, urlPath = '/', headers = {}) {
  const client = wss.connect();
  client.head = await client.upgrade(headers, { path: urlPath });
  return client;
}

/** Some turns of the event loop: what could be done has been done, and every list of epoll is empty. */
async function turns(count = 4) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

const factor = Number(process.env.WSUV_TEST_TIMEOUT_FACTOR || 1);

/** Resolves when `condition` holds; rejects where that takes much longer than it should. */
async function until(condition, patience = 20000 * factor) {
  const end = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`In vain: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Keeps the event loop from turning. */
function block(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Two ends of a TCP connection that nobody has wrapped. */
async function socketPair() {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = net.connect(server.address().port, '127.0.0.1');
  const [far] = await once(server, 'connection');
  server.close();
  return [near, far];
}

/** What handleUpgrade() looks at in a request. */
const REQUEST = {
  method: 'GET',
  url: '/',
  headers: {
    upgrade: 'websocket',
    connection: 'upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13'
  }
};

module.exports = {
  REQUEST,
  SITES,
  block,
  openSite,
  socketPair,
  turns,
  until,
  upgradeRequest,
  visit
};
