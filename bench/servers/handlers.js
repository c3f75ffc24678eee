'use strict';

// What the servers of the benchmarks do with a connection, by the kind of the load.

/**
 * @callback Serve
 * @param {WebSocket} ws
 * @param {IncomingMessage} req
 * @param {Set<WebSocket>} clients the server's
 * @param {Load} load
 * @param {Object} lib what the package exports
 */

const BROADCAST_SIZE = 64 * 1024;
// Milliseconds.
const BROADCAST_INTERVAL = 20;

function echoTo(ws) {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
}

// What comes from the path /publish goes to all others.
function publishFrom(ws, clients) {
  clients.delete(ws);
  ws.on('message', (data) => {
    for (const client of clients) client.send(data);
  });
}

function computeFor(milliseconds) {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

const readers = new Set();
let broadcast;

// Readers get a message at every interval, whether they read it or not.
function broadcastTo(ws) {
  readers.add(ws);
  ws.on('close', () => readers.delete(ws));
  broadcast ??= setInterval(
    (message) => {
      for (const reader of readers) reader.send(message);
    },
    BROADCAST_INTERVAL,
    Buffer.alloc(BROADCAST_SIZE, 'b')
  );
}

/** @type {Object<String, Serve>} */
const HANDLERS = {
  text: (ws) => {
    ws.onmessage = ({ data }) => ws.send(data);
  },

  binary: echoTo,

  'fan-out': (ws, { url }, clients) => {
    if (url === '/publish') publishFrom(ws, clients);
  },

  // Echoes what is not to be published.
  both: (ws, { url }, clients) => {
    if (url === '/publish') publishFrom(ws, clients);
    else echoTo(ws);
  },

  // Every answer takes a while.
  salvo: (ws, req, clients, { work }) => {
    ws.on('message', (data, isBinary) => {
      computeFor(work);
      ws.send(data, { binary: isBinary });
    });
  },

  // Messages of attackers are taken and not answered, unless they ask for it.
  abuse: (ws, { url }) => {
    ws.on('error', () => {});
    if (url === '/quiet') ws.on('message', () => {});
    else if (url === '/read') broadcastTo(ws);
    else echoTo(ws);
  },

  // One message by streams both ways; of messages, those of a stream, where there is nothing else.
  stream: (ws, req, clients, load, { createWebSocketStream }) => {
    if (ws.sendStream === undefined) {
      const duplex = createWebSocketStream(ws);
      duplex.on('error', () => {});
      duplex.pipe(duplex);
      return;
    }
    ws.on('stream', (stream, isBinary) => {
      ws.sendStream(stream, { binary: isBinary }).catch(() => {});
    });
  }
};
HANDLERS.handshake = HANDLERS.binary;

module.exports = { HANDLERS };
