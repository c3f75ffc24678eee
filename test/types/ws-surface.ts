// Every name, option and listener of @types/ws, as programs use them: this must compile with the types
// of ws and with ours.

import http = require('http');
import net = require('net');
import WebSocket = require('ws');

import type { Duplex } from 'stream';

// The named types.
const sync: WebSocket.VerifyClientCallbackSync = ({ origin, secure, req }) =>
  secure && origin === req.headers.host;
const async: WebSocket.VerifyClientCallbackAsync = (info, callback) =>
  callback(info.secure, 401, 'no', { 'X-Header': ['a', 'b'] });
const finish: WebSocket.FinishRequestCallback = (request, websocket) => request.end(websocket.url);
const once: WebSocket.EventListenerOptions = { once: true };
const certificate: WebSocket.CertMeta = [Buffer.alloc(0)];
const address: WebSocket.AddressInfo = { address: '', family: '', port: 0 };
const data: WebSocket.Data = [Buffer.alloc(0)];

// Options, written and read.
const deflate: WebSocket.PerMessageDeflateOptions = {
  serverMaxWindowBits: 10,
  clientMaxWindowBits: 10,
  zlibDeflateOptions: { dictionary: [Buffer.alloc(1)], info: true, finishFlush: 0 },
  zlibInflateOptions: { dictionary: Buffer.alloc(1) }
};
const bits: number = deflate.serverMaxWindowBits ?? deflate.clientMaxWindowBits ?? 15;
const dictionary: Buffer | Buffer[] | DataView | undefined = deflate.zlibDeflateOptions?.dictionary;
const options: WebSocket.ClientOptions = {
  protocol: 'wss:',
  createConnection: net.createConnection,
  finishRequest: finish,
  checkServerIdentity: (servername: string, cert: WebSocket.CertMeta) => servername === cert,
  cert: certificate
};
const connect: typeof net.createConnection | undefined = options.createConnection;
const servers: WebSocket.ServerOptions[] = [{ verifyClient: sync }, { verifyClient: async }];

// Every way to add and remove a listener, each with its arguments known.
const ws = new WebSocket('ws://localhost', options);
const onClose = (code: number, reason: Buffer) => [code.toFixed(), reason.equals(reason)];
const onError = (error: Error) => error.message;
const onResponse = (response: http.IncomingMessage) => response.statusCode;
const onMessage = (received: WebSocket.RawData, isBinary: boolean) => [received, isBinary];
const onOpen = () => {};
const onPing = (payload: Buffer) => payload.length;
const onRedirect = (url: string, request: http.ClientRequest) => request.setHeader('X', url);
const onUnexpected = (request: http.ClientRequest, response: http.IncomingMessage) =>
  response.pipe(request);
for (const method of ['on', 'once', 'off', 'addListener', 'removeListener'] as const) {
  const same: WebSocket = ws[method]('custom', (...args: unknown[]) => args);
  same.emit(method);
}
ws.on('close', onClose).on('error', onError).on('upgrade', onResponse).on('message', onMessage);
ws.on('open', onOpen).on('ping', onPing).on('pong', onPing).on('redirect', onRedirect);
ws.on('unexpected-response', onUnexpected);
ws.once('close', onClose).once('error', onError).once('message', onMessage).once('open', onOpen);
ws.once('upgrade', onResponse).once('ping', onPing).once('redirect', onRedirect);
ws.off('close', onClose).off('error', onError).off('message', onMessage).off('open', onOpen);
ws.off('upgrade', onResponse).off('pong', onPing).off('redirect', onRedirect);
ws.addListener('close', (code, reason) => [code.toFixed(), reason.byteLength]);
ws.addListener('message', (received, isBinary) => isBinary && received);
ws.addListener('error', (error) => error.stack);
ws.addListener('upgrade', (response) => response.headers);
ws.addListener('redirect', (url, request) => request.getHeader(url));
ws.removeListener('close', onClose).removeListener('message', onMessage);
ws.removeListener('unexpected-response', onUnexpected).removeListener('open', onOpen);
ws.prependListener('message', onMessage).prependOnceListener('error', onError);
ws.addEventListener('message', ({ data: received, target }) => target.send(received), once);
ws.on('open', function () {
  const self: WebSocket = this;
  self.ping('', false, (error: Error) => error.message);
  self.pong('', true, (error: Error) => error.message);
  self.send('', (error?: Error) => error?.message);
});

// What is read.
const state: 0 | 1 | 2 | 3 = ws.readyState;
const type: 'nodebuffer' | 'arraybuffer' | 'fragments' = ws.binaryType;
const constants: [0, 1, 2, 3] = [ws.CONNECTING, WebSocket.OPEN, ws.CLOSING, WebSocket.CLOSED];
const text: string = ws.url + ws.protocol + ws.extensions;
const counts: [number, boolean] = [ws.bufferedAmount, ws.isPaused];

// Servers.
const server: WebSocket.Server = new WebSocket.Server(servers[0], () => {});
const same: WebSocket.WebSocketServer = new WebSocket.WebSocketServer({ noServer: true });
const where: WebSocket.AddressInfo | string | null = server.address();
const clients: Set<WebSocket> = server.clients;
const onConnection = (socket: WebSocket, request: http.IncomingMessage) => [socket, request.url];
const onHeaders = (headers: string[], request: http.IncomingMessage) => headers.push(request.url!);
const onClientError = (error: Error, socket: Duplex, request: http.IncomingMessage) =>
  socket.destroy(error) && request.url;
server.on('connection', onConnection).on('headers', onHeaders).on('wsClientError', onClientError);
server.once('connection', onConnection).once('headers', onHeaders).once('error', onError);
server.off('connection', onConnection).off('headers', onHeaders).off('listening', onOpen);
server.addListener('connection', (socket, request) => socket.send(request.url ?? ''));
server.addListener('wsClientError', (error, socket, request) => [error.message, socket, request]);
server.removeListener('connection', onConnection).removeListener('close', onOpen);
server.prependListener('connection', onConnection);
server.on('connection', function (socket) {
  this.clients.delete(socket);
});
server.close((error?: Error) => error?.message);
const handled: boolean | Promise<boolean> = same.shouldHandle(
  new http.IncomingMessage(new net.Socket())
);
const path: string = server.path;
const limit: number | undefined = server.options.maxPayload;

// Classes of one's own, which override what @types/ws declares.
class Socket extends WebSocket {
  id = 1;
  close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
  }
  on(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this {
    return super.on(event, listener);
  }
}
class Request extends http.IncomingMessage {
  user = '';
}
class Server extends WebSocket.Server<typeof Socket, typeof Request> {
  shouldHandle(request: Request): boolean {
    return request.user !== '' && super.shouldHandle(request) === true;
  }
}
new Server({ noServer: true, WebSocket: Socket }).on('connection', (socket, request) =>
  socket.close(socket.id, request.user)
);
type Listener = Parameters<WebSocket['on']>;
const handlers: { [name: string]: Listener[1] } = { open: onOpen };

// A program's own narrow view of a WebSocket.
interface Narrow {
  readonly readyState: number;
  send(message: string, callback?: (error?: Error) => void): void;
  close(code?: number, reason?: string): void;
  on(event: 'message', listener: (message: WebSocket.RawData) => void): unknown;
  once(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
}
const narrow: Narrow = ws;

export { address, bits, clients, connect, constants, counts, data, dictionary, handled, handlers };
export { limit, narrow, path, state, text, type, where };
