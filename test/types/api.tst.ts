// What the types come to: each assertion is about a type, not about whether something compiles.

import { describe, expect, test } from 'tstyche';

import http = require('http');
import { Duplex, Readable, Writable } from 'stream';
import { ReadableStream } from 'stream/web';
import WebSocket = require('wsuv');

const { MyWebsocket, WebSocketServer, createWebSocketStream } = WebSocket;

describe('exports', () => {
  test('the default export is the class WebSocket, which ws has under that name too', () => {
    expect(WebSocket.WebSocket).type.toBeAssignableTo<typeof WebSocket>();
    expect<WebSocket.WebSocket>().type.toBe<WebSocket>();
  });
  test('Server is WebSocketServer', () => {
    expect<WebSocket.Server>().type.toBeAssignableTo<WebSocket.WebSocketServer>();
  });
  test('a stream', () => {
    expect(createWebSocketStream).type.toBeCallableWith(new WebSocket('ws://localhost'), {
      encoding: 'utf8'
    });
    expect(createWebSocketStream(new WebSocket(null))).type.toBe<Duplex>();
  });
});

describe('WebSocket', () => {
  const ws = new WebSocket('ws://localhost');

  test('addresses', () => {
    expect(WebSocket).type.toBeConstructableWith('ws://localhost');
    expect(WebSocket).type.toBeConstructableWith(new URL('ws://localhost'), ['a', 'b']);
    expect(WebSocket).type.toBeConstructableWith('ws://localhost', { handshakeTimeout: 1 });
    expect(WebSocket).type.toBeConstructableWith('ws://localhost', {
      maxStreamLength: 1e12,
      streamThreshold: 1024
    });
    expect(WebSocket).type.toBeConstructableWith(null);
    expect(WebSocket).type.not.toBeConstructableWith(5);
    expect(WebSocket).type.not.toBeConstructableWith('ws://localhost', { handshakeTimeout: 'x' });
  });
  test('properties', () => {
    expect(ws.readyState).type.toBe<0 | 1 | 2 | 3>();
    expect(ws.binaryType).type.toBe<'nodebuffer' | 'arraybuffer' | 'fragments'>();
    expect(ws.bufferedAmount).type.toBe<number>();
    expect(ws.isPaused).type.toBe<boolean>();
    expect(ws.protocol).type.toBe<string>();
  });
  test('what can be sent', () => {
    expect(ws.send).type.toBeCallableWith('text');
    expect(ws.send).type.toBeCallableWith(Buffer.from('bytes'), { binary: false, fin: true });
    expect(ws.send).type.toBeCallableWith([1, 2], (error?: Error) => error);
    expect(ws.send).type.not.toBeCallableWith('text', { binary: 'yes' });
    expect(ws.close).type.toBeCallableWith(1000, 'reason');
    expect(ws.close).type.not.toBeCallableWith('1000');
  });
  test('messages in pieces, and one after the other', async () => {
    expect(ws.createMessageStream({ binary: true, highWaterMark: 1 })).type.toBe<Writable>();
    expect(ws.createMessageStream).type.not.toBeCallableWith({ binary: 'yes' });
    expect(ws.sendStream([Buffer.from('bytes'), 'text'])).type.toBe<Promise<void>>();
    expect(ws.sendStream).type.toBeCallableWith(Readable.from(['text']), { compress: false });
    expect(ws.sendStream).type.toBeCallableWith(new ReadableStream<Uint8Array>());
    expect(ws.sendStream).type.not.toBeCallableWith(5);
    expect(ws.send).type.toBeCallableWith('text', { maxFrameSize: 1024 });
    for await (const data of ws) expect(data).type.toBe<string | WebSocket.RawData>();
    const { signal } = new AbortController();
    for await (const message of ws.messages({ highWaterMark: 4, signal })) {
      expect(message).type.toBe<{ data: WebSocket.RawData; isBinary: boolean }>();
    }
    expect(WebSocketServer).type.toBeConstructableWith({
      maxFrameSize: 1024,
      port: 1,
      waitForListener: true
    });
  });
  test('listeners know their arguments', () => {
    ws.on('message', (data, isBinary) => {
      expect(data).type.toBe<WebSocket.RawData>();
      expect(isBinary).type.toBe<boolean>();
    });
    ws.on('stream', (stream, isBinary) => {
      expect(stream).type.toBe<Readable>();
      expect(isBinary).type.toBe<boolean>();
    });
    ws.on('close', (code, reason) => {
      expect(code).type.toBe<number>();
      expect(reason).type.toBe<Buffer>();
    });
    ws.on('unexpected-response', (request, response) => {
      expect(request).type.toBe<http.ClientRequest>();
      expect(response).type.toBe<http.IncomingMessage>();
    });
    ws.onclose = (event) => expect(event).type.toBe<WebSocket.CloseEvent>();
    ws.onmessage = ({ data }) => expect(data).type.toBe<WebSocket.Data>();
  });
});

describe('WebSocketServer', () => {
  test('its class of WebSocket is that of its clients', () => {
    class Mine extends WebSocket {
      mine = true;
    }
    const server = new WebSocketServer<typeof Mine>({ noServer: true, WebSocket: Mine });
    expect(server.clients).type.toBe<Set<Mine>>();
    server.on('connection', (ws) => expect(ws.mine).type.toBe<boolean>());
  });
  test('options', () => {
    expect(WebSocketServer).type.toBeConstructableWith({ port: 80, backlog: 5, maxFragments: 10 });
    expect(WebSocketServer).type.toBeConstructableWith({
      server: http.createServer(),
      perMessageDeflate: { threshold: 1, shared: true, asyncThreshold: 1024 }
    });
    expect(WebSocketServer).type.not.toBeConstructableWith({ port: 80, verifyClient: true });
  });
});

describe('myWebsocket()', () => {
  test('the callback gets text, and what sends text', () => {
    WebSocket.myWebsocket({
      port: 80,
      callback(data, sendText) {
        expect(data).type.toBe<string>();
        expect(sendText).type.toBe<(text: string) => boolean>();
      }
    });
    expect(WebSocket.myWebsocket).type.not.toBeCallableWith({ port: 80 });
    expect(WebSocket.myWebsocket({ callback() {} })).type.toBe<WebSocket.MyWebsocket>();
  });
});

describe('MyWebsocket', () => {
  test("'data' comes as a string or as bytes, with who sent it", () => {
    new MyWebsocket({ port: 80 }).on('data', (data, peer, isBinary) => {
      expect(data).type.toBe<string | Buffer>();
      expect(peer).type.toBe<WebSocket>();
      expect(isBinary).type.toBe<boolean>();
    });
  });
  test('it sends strings and bytes', () => {
    expect(new MyWebsocket({ port: 80 }).send).type.toBeCallableWith('text');
    expect(new MyWebsocket({ port: 80 }).send).type.toBeCallableWith(new Uint8Array(1));
    const { send } = new MyWebsocket({ port: 80 });
    expect(send).type.not.toBeCallableWith(5);
    expect(send).type.toBeCallableWith(new ArrayBuffer(1), { binary: true });
    expect(send).type.toBeCallableWith(new DataView(new ArrayBuffer(1)), () => {});
    expect(send).type.toBeCallableWith(new Blob([]), {}, (error: Error | null) => error);
    expect(send).type.not.toBeCallableWith('text', { binary: 'x' });
  });
});
