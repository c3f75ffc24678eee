'use strict';

const { defineLazily, lazy, setRoot } = require('./lazy');

setRoot(module);

const WebSocket = require('./websocket');
const WebSocketServer = require('./websocket-server');
const Receiver = require('./receiver');
const Sender = require('./sender');

WebSocket.WebSocket = WebSocket;
WebSocket.WebSocketServer = WebSocketServer;
WebSocket.Server = WebSocketServer;
// Tracers wait for their files.
WebSocket.Receiver = Receiver;
WebSocket.Sender = Sender;

const MEMBERS = {
  MyWebsocket: lazy(() => require('./my-websocket')),
  PerMessageDeflate: lazy(() => require('./compat/permessage-deflate')),
  createWebSocketStream: lazy(() => require('./stream')),
  extension: lazy(() => require('./handshake/extension')),
  myWebsocket: lazy(() => require('./smallest-server').myWebsocket),
  subprotocol: lazy(() => require('./handshake/subprotocol'))
};
for (const [name, get] of Object.entries(MEMBERS)) defineLazily(WebSocket, name, get);

module.exports = WebSocket;
