// What users of ws write, which must compile with the types of ws and with ours.

import http = require('http');
import https = require('https');
import WebSocket = require('ws');
import { createWebSocketStream, RawData, Server, WebSocketServer } from 'ws';

import type { IncomingMessage } from 'http';
import type { Duplex } from 'stream';

const options: WebSocket.ServerOptions = {
  host: 'localhost',
  port: 8080,
  backlog: 5,
  path: '/path',
  noServer: false,
  clientTracking: true,
  perMessageDeflate: {
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 10,
    clientMaxWindowBits: 10,
    zlibDeflateOptions: { flush: 0, chunkSize: 1024, level: 3, memLevel: 7, windowBits: 10 },
    zlibInflateOptions: { chunkSize: 1024 },
    threshold: 1024,
    concurrencyLimit: 10
  },
  maxPayload: 1024,
  skipUTF8Validation: true,
  allowSynchronousEvents: false,
  autoPong: true,
  handleProtocols: (protocols: Set<string>, request: IncomingMessage) =>
    request.url === '/' ? [...protocols][0] : false,
  verifyClient: (info: { origin: string; secure: boolean; req: IncomingMessage }) => info.secure,
  WebSocket
};
const server = new WebSocketServer(options, () => console.log('listening'));
const asynchronous = new Server({
  server: https.createServer(),
  verifyClient: (info, callback) => callback(info.secure, 401, 'no', { 'X-Header': 'value' })
});

server.on('connection', function onConnection(ws, request) {
  this.clients.forEach((client) => client.readyState === WebSocket.OPEN);
  console.log(request.socket.remoteAddress, ws.protocol, ws.extensions, ws.bufferedAmount);
  ws.on('message', (data: RawData, isBinary: boolean) => {
    if (data instanceof ArrayBuffer) console.log(data.byteLength);
    else if (Array.isArray(data)) console.log(data.length);
    else console.log(data.toString('utf8'));
    ws.send(
      data as Buffer,
      { binary: isBinary, compress: false, fin: true, mask: false },
      (error) => {
        if (error) console.error(error.message);
      }
    );
  });
  ws.once('close', (code: number, reason: Buffer) => console.log(code, reason.toString()));
  ws.on('ping', (data: Buffer) => ws.pong(data, false));
  ws.on('error', console.error);
  ws.off('error', console.error);
  ws.ping('data', true, () => {});
  ws.ping();
  ws.pause();
  ws.resume();
  ws.terminate();
  ws.close(1000, 'reason');
  ws.onmessage = (event: WebSocket.MessageEvent) =>
    console.log(event.data, event.type, event.target);
  ws.onclose = (event: WebSocket.CloseEvent) =>
    console.log(event.code, event.reason, event.wasClean);
  ws.onerror = (event: WebSocket.ErrorEvent) => console.log(event.message, event.error);
  ws.onopen = null;
  ws.addEventListener('message', (event) => console.log(event.data), { once: true });
  ws.removeEventListener('message', () => {});
  ws.binaryType = 'arraybuffer';
  ws.send(new Uint8Array(1));
  ws.send(new DataView(new ArrayBuffer(1)));
  ws.send('text');
});
server.on('headers', (headers: string[], request: IncomingMessage) =>
  headers.push(request.url ?? '')
);
server.on('wsClientError', (error: Error, socket: Duplex) => socket.destroy(error));
server.on('listening', () => server.address());
server.close((error?: Error) => console.log(error));

const web = http.createServer();
const byHand = new WebSocket.WebSocketServer({ noServer: true });
web.on('upgrade', (request, socket, head) => {
  if (!byHand.shouldHandle(request)) return;
  byHand.handleUpgrade(request, socket, head, (ws) => byHand.emit('connection', ws, request));
});

const client = new WebSocket('wss://localhost', ['one', 'two'], {
  agent: new http.Agent(),
  auth: 'user:password',
  family: 4,
  finishRequest: (request, websocket) => request.end(websocket.url),
  followRedirects: true,
  generateMask: (mask) => mask.fill(0),
  handshakeTimeout: 1000,
  headers: { 'X-Header': 'value' },
  maxPayload: 1024,
  maxRedirects: 3,
  origin: 'http://localhost',
  perMessageDeflate: false,
  protocolVersion: 13,
  rejectUnauthorized: false
});
const other = new WebSocket(new URL('ws://localhost'), { localAddress: '127.0.0.1' });
client.on('open', function onOpen() {
  this.send('text');
});
client.on('upgrade', (response: IncomingMessage) => response.headers);
client.on('redirect', (url: string, request: http.ClientRequest) => request.setHeader('X', url));
client.on('unexpected-response', (request, response) => response.pipe(process.stdout));
const duplex: Duplex = createWebSocketStream(other, { encoding: 'utf8', allowHalfOpen: false });
duplex.pipe(process.stdout);

class Tagged extends WebSocket {
  tag = '';
}
const typed = new WebSocketServer<typeof Tagged>({ port: 0, WebSocket: Tagged });
typed.on('connection', (ws) => ws.tag.length);

export { asynchronous };
