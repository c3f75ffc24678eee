// nodejs-websocket 1.7 on wsuv.

import { EventEmitter } from 'events';
import {
  IncomingHttpHeaders,
  Server as HTTPServer,
  ServerOptions as HTTPServerOptions
} from 'http';
import { Server as HTTPSServer, ServerOptions as HTTPSServerOptions } from 'https';
import { ListenOptions, Socket, TcpNetConnectOpts } from 'net';
import { Readable, Writable } from 'stream';
import { ConnectionOptions as TLSConnectionOptions, TLSSocket } from 'tls';

export interface ProtocolOptions {
  /** The subprotocols that the server knows: the first of those that a client offers is chosen. */
  validProtocols?: readonly string[] | undefined;
  /** Chooses instead; nothing, or something falsy, for none. */
  selectProtocol?:
    | ((connection: Connection, protocols: string[]) => string | null | undefined | false)
    | undefined;
}

export type ServerOptions = ProtocolOptions &
  (
    | ({ secure?: false | undefined } & HTTPServerOptions)
    /** Over TLS. */
    | ({ secure: true } & HTTPSServerOptions)
  );

export type ConnectOptions = Partial<TcpNetConnectOpts> &
  TLSConnectionOptions & {
    /** For the request. */
    extraHeaders?: { [name: string]: string | number | readonly string[] } | undefined;
    /** The subprotocols to offer. */
    protocols?: string[] | undefined;
  };

/** Makes a server. `callback` is for 'connection'. */
export function createServer(callback?: (connection: Connection) => void): Server;
export function createServer(
  options: ServerOptions | undefined,
  callback?: (connection: Connection) => void
): Server;

/** Makes a client of ws://host:port/path or wss://host:port/path. `callback` is for 'connect'. */
export function connect(url: string, callback?: () => void): Connection;
export function connect(
  url: string,
  options: ConnectOptions | undefined,
  callback?: () => void
): Connection;

/** How many bytes a binary stream collects for each fragment, at least; 512 KiB by default. 0: a fragment for each write. */
export function setBinaryFragmentation(bytes: number): void;
/** The longest text, of connections that open from then on; 2 MiB by default. */
export function setMaxBufferLength(bytes: number): void;

export class Server extends EventEmitter {
  constructor(
    secure: boolean,
    options?: ServerOptions,
    callback?: (connection: Connection) => void
  );
  /** What listens. */
  readonly socket: HTTPServer | HTTPSServer;
  /** The open connections. */
  readonly connections: Connection[];

  listen(port: number | string | ListenOptions, callback?: () => void): this;
  listen(
    port: number | string | ListenOptions,
    host: string | undefined,
    callback?: () => void
  ): this;
  /** Accepts no more connections. 'close' comes when those that there are have ended. */
  close(callback?: () => void): void;

  on(event: 'connection', listener: (connection: Connection) => void): this;
  on(event: 'listening' | 'close', listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  once(event: 'connection', listener: (connection: Connection) => void): this;
  once(event: 'listening' | 'close', listener: () => void): this;
  once(event: 'error', listener: (error: Error) => void): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
}

export class Connection extends EventEmitter {
  private constructor();

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  readonly readyState: 0 | 1 | 2 | 3;
  readonly socket: Socket | TLSSocket;
  /** Of a server's end; null for a client. */
  readonly server: Server | null;
  readonly path: string;
  /** Of a client; null for a server's end. */
  readonly host: string | null;
  /** Of a client. */
  readonly extraHeaders: ConnectOptions['extraHeaders'] | null;
  /** Of the peer's part of the handshake. */
  readonly headers: IncomingHttpHeaders;
  /** The Sec-WebSocket-Key. */
  readonly key: string | null;
  /** The subprotocols that are offered. */
  readonly protocols: string[];
  /** The subprotocol in use. */
  readonly protocol: string | null | undefined | false;
  /** The binary stream that is being sent. */
  readonly outStream: Writable | null;

  /** Sends a text. False if so much waits to be sent that the caller should wait, too. */
  sendText(text: string, callback?: (error?: Error | null) => void): boolean | undefined;
  /** Sends a binary message. */
  sendBinary(data: Uint8Array, callback?: (error?: Error | null) => void): boolean | undefined;
  /** A string as text, a Buffer as a binary message. */
  send(data: string | Buffer, callback?: (error?: Error | null) => void): void;
  /** Begins a binary message: what is written to the stream is sent in fragments. */
  beginBinary(): Writable | undefined;
  sendPing(data?: string): void;
  close(code?: number, reason?: string): void;

  on(event: 'connect', listener: () => void): this;
  on(event: 'text' | 'pong', listener: (text: string) => void): this;
  on(event: 'binary', listener: (stream: Readable) => void): this;
  on(event: 'close', listener: (code?: number, reason?: string) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  once(event: 'connect', listener: () => void): this;
  once(event: 'text' | 'pong', listener: (text: string) => void): this;
  once(event: 'binary', listener: (stream: Readable) => void): this;
  once(event: 'close', listener: (code?: number, reason?: string) => void): this;
  once(event: 'error', listener: (error: Error) => void): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
}
