'use strict';

// The other servers of npm: how to install them, and an echo server made with each. They live in
// build/bench/rivals, for they are needed by nothing else.

const { execFileSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');

const { dependencies } = require('./package.json');

const directory = path.join(__dirname, '..', '..', 'build', 'bench', 'rivals');

/**
 * @callback StartEcho
 * @param {Object} rival what the package exports
 * @param {function(Number)} report to be called with the port
 */

/** @type {Object<String, StartEcho>} by the package's name */
const ECHO_SERVERS = {
  '@encharm/cws': ({ WebSocketServer }, report) => {
    // Given a port of 0, it does not listen.
    const web = http.createServer();
    const server = new WebSocketServer({ server: web });
    server.on('connection', (ws) => {
      ws.on('message', (data) => ws.send(data));
    });
    web.listen(0, '127.0.0.1', () => report(web.address().port));
  },

  'faye-websocket': (WebSocket, report) => {
    const server = http.createServer();
    server.on('upgrade', (request, socket, head) => {
      const ws = new WebSocket(request, socket, head);
      ws.on('message', ({ data }) => ws.send(data));
    });
    server.listen(0, '127.0.0.1', () => report(server.address().port));
  },

  'nodejs-websocket': ({ createServer, setMaxBufferLength }, report) => {
    setMaxBufferLength(16 * 1024 * 1024);
    const server = createServer((connection) => {
      connection.on('text', (text) => connection.sendText(text));
      connection.on('binary', (stream) => {
        const chunks = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', () => connection.sendBinary(Buffer.concat(chunks)));
      });
      connection.on('error', () => {});
    });
    server.listen(0, '127.0.0.1', () => report(server.socket.address().port));
  },

  websocket: ({ server: WebSocketServer }, report) => {
    const httpServer = http.createServer();
    const server = new WebSocketServer({
      httpServer,
      autoAcceptConnections: true,
      // Without these it refuses messages of more than 64 KiB and 1 MiB.
      maxReceivedFrameSize: 16 * 1024 * 1024,
      maxReceivedMessageSize: 16 * 1024 * 1024
    });
    server.on('connect', (connection) => {
      connection.on('message', (message) => {
        if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
        else connection.sendBytes(message.binaryData);
      });
    });
    httpServer.listen(0, '127.0.0.1', () => report(httpServer.address().port));
  }
};

/** Installs them, unless they are there in the versions that package.json asks for. */
function installRivals() {
  const manifest = path.join(directory, 'package.json');
  const wanted = fs.readFileSync(path.join(__dirname, 'package.json'), 'utf8');
  const isInstalled = fs.existsSync(path.join(directory, 'node_modules'));
  if (isInstalled && fs.readFileSync(manifest, 'utf8') === wanted) return;
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(manifest, wanted);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: directory,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  });
}

/**
 * Starts a rival's echo server in this process.
 *
 * @param {String} name
 * @param {function(Number)} report
 */
function startRival(name, report) {
  ECHO_SERVERS[name](require(require.resolve(name, { paths: [directory] })), report);
}

/** @type {Object<String, String>} their versions, by the package's name */
const rivals = Object.fromEntries(
  Object.keys(ECHO_SERVERS).map((name) => [name, dependencies[name]])
);

module.exports = { installRivals, rivals, startRival };
