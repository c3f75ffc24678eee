'use strict';

// A WebSocket of either package, by every transport, with a raw peer.

const crypto = require('crypto');
const { once } = require('events');
const http = require('http');
const https = require('https');
const net = require('net');
const tls = require('tls');

const { closeFrame, frame } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');
const { certificate } = require('./parity');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const acceptOf = (key) => crypto.createHash('sha1').update(`${key}${GUID}`).digest('base64');

/** The names of the ways there are. */
const WAYS = ['port', 'server', 'noServer', 'tls', 'client', 'secure client'];

/** Those on which the addon has the descriptor. */
const PLAIN_WAYS = WAYS.filter((way) => !way.startsWith('tls') && !way.startsWith('secure'));

async function openClient(lib, secure, onOpen, options) {
  const server = secure ? tls.createServer(certificate()) : net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, secure ? 'secureConnection' : 'connection');
  const ws = new lib.WebSocket(`${secure ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}`, {
    perMessageDeflate: false,
    rejectUnauthorized: false,
    ...options
  });
  const [socket] = await accepted;
  const peer = new RawClient(socket);
  const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(await peer.response());
  const opened = new Promise((resolve) =>
    ws.on('open', () => {
      onOpen(ws);
      resolve();
    })
  );
  await peer.send(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`
  );
  await opened;
  const stop = async () => {
    ws.terminate();
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { masked: false, peer, stop, ws };
}

function serve(lib, way, options) {
  if (way === 'port') {
    const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    return { server, web: server };
  }
  const web = way === 'tls' ? https.createServer(certificate()) : http.createServer();
  const server = new lib.WebSocketServer({
    ...(way === 'noServer' ? { noServer: true } : { server: web }),
    ...options
  });
  if (way === 'noServer') {
    web.on('upgrade', (req, socket, head) =>
      server.handleUpgrade(req, socket, head, (ws) => server.emit('connection', ws, req))
    );
  }
  web.listen(0, '127.0.0.1');
  return { server, web };
}

async function openServer(lib, way, onOpen, options) {
  const { server, web } = serve(lib, way, options);
  await once(web, 'listening');
  const connected = new Promise((resolve) =>
    server.on('connection', (ws) => {
      onOpen(ws);
      resolve(ws);
    })
  );
  const peer = new RawClient(web.address().port, { secure: way === 'tls' });
  const response = await peer.upgrade();
  const ws = await connected;
  const stop = async () => {
    ws.terminate();
    peer.socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    if (web !== server) await new Promise((resolve) => web.close(resolve));
  };
  return { masked: true, peer, response, server, stop, ws };
}

/**
 * Opens a connection.
 *
 * @param {Object} lib
 * @param {String} way one of WAYS
 * @param {function(WebSocket)} [onOpen] called in the 'connection' or 'open' handler
 * @param {Object} [options] of the WebSocketServer or client
 * @return {Promise<{ws: WebSocket, peer: RawClient, frame: Function, bye: Buffer, stop: Function}>}
 *     `frame()` makes frames of the peer, `bye` is its close frame
 */
async function openBy(lib, way, onOpen = () => {}, options = {}) {
  const isClient = way.endsWith('client');
  const made = isClient
    ? await openClient(lib, way === 'secure client', onOpen, options)
    : await openServer(lib, way, onOpen, options);
  const { masked } = made;
  return {
    ...made,
    bye: closeFrame(1000, 'bye', { masked }),
    frame: (type, payload, more) => frame(type, payload, { masked, ...more })
  };
}

module.exports = { PLAIN_WAYS, WAYS, openBy };
