// The same from an ES module.

import WebSocket, {
  createWebSocketStream,
  MyWebsocket,
  myWebsocket,
  Receiver,
  WebSocketServer
} from 'wsuv';

import type { RawData, ServerOptions } from 'wsuv';

const options: ServerOptions = { port: 8080, perMessageDeflate: true };
const server = new WebSocketServer(options);
server.on('connection', (ws: WebSocket) => {
  ws.on('message', (data: RawData) => ws.send(data as Buffer));
  createWebSocketStream(ws).pipe(process.stdout);
});
new MyWebsocket({ server: undefined }).on('data', (data, peer) => peer.send(data));
myWebsocket({ port: 8080, callback: (data, sendText) => sendText(data) }).close();
new Receiver().on('message', (data, isBinary) => [data, isBinary]);

export const client: WebSocket = new WebSocket('ws://localhost');
