// Uses of the types, which must compile; and misuses, which must not.

import http = require('http');
import { Duplex } from 'stream';
import WebSocket = require('wsuv');

const { MyWebsocket, WebSocketServer } = WebSocket;

const server = new WebSocketServer({ port: 8080, maxPayload: 1024, closeTimeout: 1000 }, () => {});
server.on('connection', (ws, req) => {
  const url: string | undefined = req.url;
  ws.on('message', (data, isBinary) => {
    const binary: boolean = isBinary;
    if (Buffer.isBuffer(data)) ws.send(data, { binary }, (error) => error?.message);
  });
  ws.on('close', (code, reason) => code.toFixed() + reason.toString('hex') + url);
  ws.binaryType = 'blob';
  ws.onmessage = ({ data, target }) => target.send(data.toString());
  ws.addEventListener('close', { handleEvent: ({ wasClean, reason }) => [wasClean, reason] });
  // @ts-expect-error there is no such event
  ws.addEventListener('ping', () => {});
  // @ts-expect-error there is no such type
  ws.binaryType = 'text';
  // @ts-expect-error it cannot be set
  ws.readyState = 1;
  ws.send(new Uint16Array(2));
  ws.send(5, { fin: false });
  ws.close(1000, Buffer.from('reason'));
});
server.on('headers', (headers) => headers.push('X-Header: value'));
server.on('wsClientError', (error, socket) => socket.end(error.message));
server.clients.forEach((client) => client.terminate());

class Mine extends WebSocket {
  mine = true;
}
const typed = new WebSocketServer<typeof Mine>({ noServer: true, WebSocket: Mine });
typed.on('connection', (ws) => ws.mine);

const client = new WebSocket('ws://localhost', ['a'], {
  headers: { a: 'b' },
  followRedirects: true
});
client.on('redirect', (url, request) => request.setHeader('X-From', url));
client.on('unexpected-response', (request, response) => response.statusCode);
const state: 0 | 1 | 2 | 3 = client.readyState;
const alsoServer: WebSocket.Server = new WebSocket.Server({ server: http.createServer() });
const socket: WebSocket.WebSocket = client;

const mine = new MyWebsocket({ port: 8080 });
mine.on('data', (data, peer) => peer.send(typeof data === 'string' ? data : data.toString('hex')));
mine.on('close', (code, reason, peer) => [code.toFixed(), reason.trim(), peer.readyState]);
mine.send('text');
mine.send(Buffer.alloc(1));
// @ts-expect-error only strings and bytes
mine.send(5);
mine.close(1001, 'bye');
http.createServer().on('upgrade', (req, sock, head) => new MyWebsocket(req, sock, head));

const [header, payload] = WebSocket.Sender.frame(Buffer.from('x'), { opcode: 1, fin: true });
new WebSocket.Sender(new Duplex()).sendFrame([header, payload], (error) => error?.message);
const receiver = new WebSocket.Receiver({ isServer: true, maxPayload: 5 });
receiver.on('conclude', (code, reason) => [code.toFixed(), reason.toString()]);
receiver.write(header);
const deflate = new WebSocket.PerMessageDeflate({ isServer: true, threshold: 0 });
deflate.accept(WebSocket.extension.parse('permessage-deflate')['permessage-deflate']);
deflate.compress('text', true, (error, result) => error ?? result.length);
new WebSocketServer({ port: 0, perMessageDeflate: { shared: true, asyncThreshold: 1000 } });
// @ts-expect-error a frame has an opcode
WebSocket.Sender.frame('x', {});

export { alsoServer, socket, state };
