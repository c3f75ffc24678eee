'use strict';

const MyWebsocket = require('./my-websocket');
const WebSocket = require('./websocket');
const WebSocketServer = require('./websocket-server');
const createWebSocketStream = require('./stream');
const extension = require('./handshake/extension');
const PerMessageDeflate = require('./compat/permessage-deflate');
const Receiver = require('./receiver');
const Sender = require('./sender');
const { myWebsocket } = require('./smallest-server');
const subprotocol = require('./handshake/subprotocol');

WebSocket.WebSocket = WebSocket;
WebSocket.WebSocketServer = WebSocketServer;
WebSocket.Server = WebSocketServer;
WebSocket.MyWebsocket = MyWebsocket;
WebSocket.createWebSocketStream = createWebSocketStream;
WebSocket.PerMessageDeflate = PerMessageDeflate;
WebSocket.Receiver = Receiver;
WebSocket.Sender = Sender;
WebSocket.extension = extension;
WebSocket.myWebsocket = myWebsocket;
WebSocket.subprotocol = subprotocol;

module.exports = WebSocket;
