'use strict';

const { once } = require('events');

const wsuv = require('../..');

const open = [];

/**
 * A listening WebSocketServer, closed after the test with all its clients.
 *
 * @param {Object} [options]
 * @param {Function} [onConnection]
 * @return {Promise<WebSocketServer>} with `port`
 */
async function startServer(options = {}, onConnection = () => {}) {
  const server = new wsuv.WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  open.push(server);
  server.on('connection', onConnection);
  await once(server, 'listening');
  server.port = server.address().port;
  return server;
}

/** An echo server. */
function startEchoServer(options) {
  return startServer(options, (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
}

/** Closes a server with all its clients. */
async function stopServer(server) {
  for (const ws of server.clients ?? []) ws.terminate();
  await new Promise((resolve) => server.close(resolve));
}

/** Call at the top of a test file that uses startServer(). */
function stopServersAfterEach() {
  afterEach(async () => {
    await Promise.all(open.splice(0).map(stopServer));
  });
}

module.exports = { startEchoServer, startServer, stopServer, stopServersAfterEach };
