// The names that @types/ws exports from its ES module: this must compile with both.

import WebSocket, { WebSocket as Same, WebSocketServer, createWebSocketStream } from 'ws';

import type {
  AddressInfo,
  CertMeta,
  ClientOptions,
  CloseEvent,
  Data,
  ErrorEvent,
  Event,
  EventListenerOptions,
  FinishRequestCallback,
  MessageEvent,
  PerMessageDeflateOptions,
  RawData,
  Server,
  ServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync
} from 'ws';

const verify: VerifyClientCallbackSync = ({ secure }) => secure;
const options: ServerOptions = { port: 0, verifyClient: verify };
export const server: Server = new WebSocketServer(options);
export const other: WebSocketServer = new WebSocketServer({ noServer: true });
export const client: WebSocket = new Same('ws://localhost', { finishRequest: (r) => r.end() });
createWebSocketStream(client).pipe(process.stdout);

export type Names = [
  AddressInfo,
  CertMeta,
  ClientOptions,
  CloseEvent,
  Data,
  ErrorEvent,
  Event,
  EventListenerOptions,
  FinishRequestCallback,
  MessageEvent,
  PerMessageDeflateOptions,
  RawData,
  VerifyClientCallbackAsync
];
