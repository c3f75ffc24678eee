'use strict';

// The ways to serve that the demo can be switched between. Each is a server at a port of its own,
// which calls `talk(text, peer)` for each text; a peer has send(text) and close(code, reason).

const { once } = require('events');
const http = require('http');

const { MyWebsocket, Server, myWebsocket } = require('wsuv');
const nodejsWebsocket = require('wsuv/nodejs-websocket');

const maxPayload = 4096;

/**
 * @typedef {Object} DemoServer
 * @property {String} title what it is, in code
 * @property {EventEmitter} listening emits 'listening' and 'error'
 * @property {function(): Number} port
 * @property {function(String)} send to everybody
 * @property {function(): Number} count how many are connected
 * @property {function(Number, String)} close
 */

function ofMyWebsocket(title, server) {
  return {
    title,
    listening: server,
    port: () => server.address().port,
    send: (text) => server.send(text),
    count: () => server.peers.size,
    close: (code, reason) => server.close(code, reason)
  };
}

function withPort(talk) {
  const server = new MyWebsocket({ port: 0, maxPayload });
  server.on('data', talk);
  return ofMyWebsocket('new MyWebsocket({ port })', server);
}

function withUpgrade(talk) {
  const web = http.createServer();
  const open = new Set();
  web.on('upgrade', (req, socket, head) => {
    const connection = new MyWebsocket(req, socket, head);
    open.add(connection);
    connection.on('data', talk);
    connection.on('close', () => open.delete(connection));
  });
  web.listen(0);
  return {
    title: 'new MyWebsocket(req, socket, head)',
    listening: web,
    port: () => web.address().port,
    send: (text) => open.forEach((connection) => connection.send(text)),
    count: () => open.size,
    close(code, reason) {
      for (const connection of open) connection.close(code, reason);
      web.close();
    }
  };
}

function withServer(talk) {
  const server = new Server({ port: 0, maxPayload });
  server.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => talk(isBinary ? data : data.toString(), ws));
  });
  return {
    title: 'new Server({ port })',
    listening: server,
    port: () => server.address().port,
    send: (text) => server.clients.forEach((ws) => ws.send(text)),
    count: () => server.clients.size,
    close(code, reason) {
      for (const ws of server.clients) ws.close(code, reason);
      server.close();
    }
  };
}

function withNodejsWebsocket(talk) {
  nodejsWebsocket.setMaxBufferLength(maxPayload);
  const server = nodejsWebsocket.createServer((connection) => {
    connection.on('text', (text) => talk(text, connection));
    connection.on('binary', (stream) => stream.resume());
  });
  server.listen(0);
  return {
    title: "require('wsuv/nodejs-websocket')",
    listening: server,
    port: () => server.socket.address().port,
    send: (text) => server.connections.forEach((connection) => connection.sendText(text)),
    count: () => server.connections.length,
    close(code, reason) {
      for (const connection of [...server.connections]) connection.close(code, reason);
      server.close();
    }
  };
}

function smallest(talk) {
  const server = myWebsocket({
    port: 0,
    maxPayload,
    callback: (text, sendText) => talk(text, { send: sendText, close() {} })
  });
  return ofMyWebsocket('myWebsocket({ port, callback })', server);
}

/**
 * Starts all of them.
 *
 * @param {function(DemoServer, (String|Buffer), {send: Function, close: Function})} onText
 * @return {Promise<Object<DemoServer>>} by the names that the page knows them by
 */
async function startServers(onText) {
  const ways = {
    'my-websocket': withPort,
    upgrade: withUpgrade,
    server: withServer,
    'nodejs-websocket': withNodejsWebsocket,
    smallest
  };
  const servers = {};
  for (const [name, start] of Object.entries(ways)) {
    const server = start((text, peer) => onText(server, text, peer));
    servers[name] = server;
    await once(server.listening, 'listening');
  }
  return servers;
}

module.exports = { maxPayload, ofMyWebsocket, startServers };
