'use strict';

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const https = require('https');
const net = require('net');
const path = require('path');
const { Duplex } = require('stream');

const { WebSocket, WebSocketServer } = require('../..');
const native = require('../../lib/native/addon');
const { frame } = require('./frames');
const { RawClient } = require('./raw-client');

const read = (name) => fs.readFileSync(path.join(__dirname, name));

// A stream that is no socket, in front of one.
function duplexOf(socket) {
  const duplex = new Duplex({
    read() {
      socket.resume();
    },
    write(chunk, encoding, callback) {
      socket.write(chunk, callback);
    },
    final(callback) {
      socket.end(callback);
    },
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    }
  });
  socket.on('data', (chunk) => {
    if (!duplex.push(chunk)) socket.pause();
  });
  socket.on('end', () => duplex.push(null));
  socket.on('error', () => {});
  socket.on('close', () => duplex.destroy());
  return duplex;
}

// A server of Node's, which takes upgrades as `take` says.
async function onNodeServer(server, options, take) {
  const wss = new WebSocketServer({ noServer: true, ...options });
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (req, socket, head) => {
    wss.handleUpgrade(req, take(socket), head, (ws) => wss.emit('connection', ws, req));
  });
  server.listen(0, '127.0.0.1');
  const made = await connect(server, wss, server instanceof https.Server);
  return {
    ...made,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  };
}

async function connect(server, wss, secure) {
  await once(server, 'listening');
  const peer = new RawClient(server.address().port, { secure });
  const connected = once(wss, 'connection');
  await peer.upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const [ws] = await connected;
  return { peer, ws };
}

/**
 * Ways to a WebSocket, by name: each makes one, with the raw client at its other end, and what stops
 * both. `masked` tells how that client's frames have to be.
 *
 * @type {Object<String, function(Object): Promise<{ws: WebSocket, peer: RawClient, stop: Function,
 *     masked: Boolean}>>}
 */
const TRANSPORTS = {
  async port(options) {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    const made = await connect(wss, wss, false);
    return {
      ...made,
      masked: true,
      async stop() {
        made.ws.terminate();
        await new Promise((resolve) => wss.close(resolve));
      }
    };
  },

  async server(options) {
    const server = http.createServer();
    const wss = new WebSocketServer({ server, ...options });
    server.listen(0, '127.0.0.1');
    const made = await connect(server, wss, false);
    return {
      ...made,
      masked: true,
      async stop() {
        made.ws.terminate();
        wss.close();
        await new Promise((resolve) => server.close(resolve));
      }
    };
  },

  async noServer(options) {
    const made = await onNodeServer(http.createServer(), options, (socket) => socket);
    return { ...made, masked: true };
  },

  async tls(options) {
    const server = https.createServer({ cert: read('tls-cert.pem'), key: read('tls-key.pem') });
    const made = await onNodeServer(server, options, (socket) => socket);
    return { ...made, masked: true };
  },

  async duplex(options) {
    const made = await onNodeServer(http.createServer(), options, duplexOf);
    return { ...made, masked: true };
  },

  // The peer is the server.
  async client(options) {
    const server = net.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}`, {
      perMessageDeflate: false,
      ...options
    });
    const [socket] = await accepted;
    const peer = new RawClient(socket);
    const head = (await peer.response()).toString();
    const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(head);
    const extension = /^sec-websocket-extensions:/im.test(head)
      ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
      : '';
    const opened = once(ws, 'open');
    await peer.send(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `${extension}Sec-WebSocket-Accept: ${native.acceptValue(key)}\r\n\r\n`
    );
    await opened;
    return {
      ws,
      peer,
      masked: false,
      async stop() {
        ws.terminate();
        socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      }
    };
  }
};

/**
 * The same, with `frame()` for the frames of its peer.
 *
 * @param {String} name
 * @param {Object} options of the WebSocket's server, or of the client
 */
async function connectBy(name, options) {
  const made = await TRANSPORTS[name](options);
  return {
    ...made,
    frame: (type, payload, more) => frame(type, payload, { masked: made.masked, ...more })
  };
}

module.exports = { connectBy, transports: Object.keys(TRANSPORTS) };
