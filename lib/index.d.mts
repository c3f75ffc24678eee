// The types of the ES module: those of lib/index.d.ts by the names that lib/wrapper.mjs exports.

import WebSocket = require('./index.js');

export import MyWebsocket = WebSocket.MyWebsocket;
export import PerMessageDeflate = WebSocket.PerMessageDeflate;
export import Receiver = WebSocket.Receiver;
export import Sender = WebSocket.Sender;
export import WebSocketServer = WebSocket.WebSocketServer;
export import createWebSocketStream = WebSocket.createWebSocketStream;
export import extension = WebSocket.extension;
export import myWebsocket = WebSocket.myWebsocket;
export import subprotocol = WebSocket.subprotocol;

export type AddressInfo = WebSocket.AddressInfo;
export type CertMeta = WebSocket.CertMeta;
export type ClientOptions = WebSocket.ClientOptions;
export type CloseEvent = WebSocket.CloseEvent;
export type Data = WebSocket.Data;
export type ErrorEvent = WebSocket.ErrorEvent;
export type Event = WebSocket.Event;
export type EventListenerOptions = WebSocket.EventListenerOptions;
export type FinishRequestCallback = WebSocket.FinishRequestCallback;
export type MessageEvent = WebSocket.MessageEvent;
export type MessageStreamOptions = WebSocket.MessageStreamOptions;
export type MessagesOptions = WebSocket.MessagesOptions;
export type MyWebsocketOptions = WebSocket.MyWebsocketOptions;
export type SmallestServerOptions = WebSocket.SmallestServerOptions;
export type Peer = WebSocket.Peer;
export type PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
export type RawData = WebSocket.RawData;
export type Server<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof import('http').IncomingMessage = typeof import('http').IncomingMessage
> = WebSocket.Server<T, U>;
export type ServerOptions<
  U extends typeof WebSocket = typeof WebSocket,
  V extends typeof import('http').IncomingMessage = typeof import('http').IncomingMessage
> = WebSocket.ServerOptions<U, V>;
export type VerifyClientCallbackAsync<
  Request extends import('http').IncomingMessage = import('http').IncomingMessage
> = WebSocket.VerifyClientCallbackAsync<Request>;
export type VerifyClientCallbackSync<
  Request extends import('http').IncomingMessage = import('http').IncomingMessage
> = WebSocket.VerifyClientCallbackSync<Request>;
export type ZlibDeflateOptions = WebSocket.ZlibDeflateOptions;

export { WebSocket };
export default WebSocket;
