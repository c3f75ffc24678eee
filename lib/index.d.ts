/// <reference types="node" />

import { EventEmitter } from 'events';
import {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server as HTTPServer
} from 'http';
import { Server as HTTPSServer } from 'https';
import { createConnection } from 'net';
import { Duplex, DuplexOptions, Readable, Writable } from 'stream';
import { ReadableStream } from 'stream/web';
import { SecureContextOptions } from 'tls';
import { URL } from 'url';
import { ZlibOptions } from 'zlib';

/** One end of a WebSocket connection, with the API of ws. */
declare class WebSocket extends EventEmitter {
  /** The connection is not open yet. */
  static readonly CONNECTING: 0;
  /** The connection is open: messages can be sent. */
  static readonly OPEN: 1;
  /** The closing handshake is under way. */
  static readonly CLOSING: 2;
  /** The connection is over, or could not be made. */
  static readonly CLOSED: 3;

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /** What binary messages come as; also 'blob'. Other values than these four are ignored. */
  get binaryType(): 'nodebuffer' | 'arraybuffer' | 'fragments';
  set binaryType(type: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob');
  /** Bytes that were sent and that the kernel (or the stream) has not taken yet. */
  readonly bufferedAmount: number;
  /** The names of the extensions in use. */
  readonly extensions: string;
  /** Whether pause() was called. */
  readonly isPaused: boolean;
  /** The subprotocol in use, or an empty string. */
  readonly protocol: string;
  readonly readyState:
    | typeof WebSocket.CONNECTING
    | typeof WebSocket.OPEN
    | typeof WebSocket.CLOSING
    | typeof WebSocket.CLOSED;
  /** The URL that a client connects to. */
  readonly url: string;

  onopen: ((event: WebSocket.Event) => void) | null;
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  onclose: ((event: WebSocket.CloseEvent) => void) | null;
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;

  /** Makes an unattached WebSocket, to be given a socket by setSocket(). */
  constructor(address: null, protocols?: undefined, options?: WebSocket.ClientOptions);
  /** Connects to `address`. */
  constructor(address: string | URL, options?: WebSocket.ClientOptions | ClientRequestArgs);
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs
  );

  /**
   * Begins the closing handshake.
   * @param code 1000 to 1014 but 1004 to 1006, or 3000 to 4999
   * @param reason at most 123 bytes
   */
  close(code?: number, reason?: string | Buffer | Uint8Array): void;
  /** Sends a ping of at most 125 bytes. */
  ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /** Sends a pong of at most 125 bytes. */
  pong(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /** Sends a message; `cb` is called when the kernel has taken it. */
  send(data: WebSocket.BufferLike, cb?: (err?: Error) => void): void;
  send(
    data: WebSocket.BufferLike,
    options: {
      /** Whether it is binary; by default, if it is not a string. */
      binary?: boolean | undefined;
      /** Whether to compress it, where that was negotiated. */
      compress?: boolean | undefined;
      /** Whether this is the last fragment of a message. */
      fin?: boolean | undefined;
      /** Whether to mask it; by default, in clients. */
      mask?: boolean | undefined;
      /** Bytes that a frame may have; by default those of the connection. 0 is no limit. */
      maxFrameSize?: number | undefined;
    },
    cb?: (err?: Error) => void
  ): void;
  /** Begins a message whose pieces are written to a stream; other messages wait behind it. */
  createMessageStream(options?: WebSocket.MessageStreamOptions): Writable;
  /** Sends a message that a source gives in pieces; resolves when the kernel has taken it. */
  sendStream(
    source:
      | AsyncIterable<string | Uint8Array>
      | Iterable<string | Uint8Array>
      | ReadableStream<string | Uint8Array>,
    options?: WebSocket.MessageStreamOptions
  ): Promise<void>;
  /** Messages one after the other: strings, and what `binaryType` says. Nothing is read meanwhile. */
  [Symbol.asyncIterator](): AsyncIterableIterator<string | WebSocket.RawData>;
  /** The same as they are emitted, while up to `highWaterMark` wait. */
  messages(
    options?: WebSocket.MessagesOptions
  ): AsyncIterableIterator<{ data: WebSocket.RawData; isBinary: boolean }>;
  /** Drops the connection without a closing handshake. */
  terminate(): void;
  /** Reads nothing more from the socket. What was read already is still delivered. */
  pause(): void;
  /** Undoes pause(). */
  resume(): void;
  /** Attaches a stream after the opening handshake. */
  setSocket(socket: Duplex, head: Buffer, options: WebSocket.SocketOptions): void;

  addEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void },
    options?: WebSocket.EventListenerOptions
  ): void;
  removeEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void }
  ): void;

  /** The connection is over: 1006 without a close frame, 1005 for one without a code. */
  on(event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this;
  /** What went wrong; 'close' follows. Without a listener the process ends. */
  on(event: 'error', listener: (this: WebSocket, error: Error) => void): this;
  /** The server's answer to a client's handshake came, before 'open'. */
  on(event: 'upgrade', listener: (this: WebSocket, request: IncomingMessage) => void): this;
  /** A message; text comes as a Buffer, too, with `isBinary` false. */
  on(
    event: 'message',
    listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  /** The connection is open: messages can be sent. */
  on(event: 'open', listener: (this: WebSocket) => void): this;
  /** A ping came (it is answered already, unless `autoPong` is false), or a pong. */
  on(event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this;
  /** A message as it arrives, with a `streamThreshold`; what follows waits until it is read. */
  on(
    event: 'stream',
    listener: (this: WebSocket, stream: Readable, isBinary: boolean) => void
  ): this;
  /** A redirect is about to be followed; `request` can still be changed. */
  on(
    event: 'redirect',
    listener: (this: WebSocket, url: string, request: ClientRequest) => void
  ): this;
  /** The server refused. Whoever listens must end the request; otherwise 'error' follows. */
  on(
    event: 'unexpected-response',
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void
  ): this;
  /** Any other event. */
  on(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;

  once(event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this;
  once(event: 'error', listener: (this: WebSocket, error: Error) => void): this;
  once(event: 'upgrade', listener: (this: WebSocket, request: IncomingMessage) => void): this;
  once(
    event: 'message',
    listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  once(event: 'open', listener: (this: WebSocket) => void): this;
  once(event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this;
  once(
    event: 'stream',
    listener: (this: WebSocket, stream: Readable, isBinary: boolean) => void
  ): this;
  once(
    event: 'redirect',
    listener: (this: WebSocket, url: string, request: ClientRequest) => void
  ): this;
  once(
    event: 'unexpected-response',
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void
  ): this;
  once(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;

  off(event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this;
  off(event: 'error', listener: (this: WebSocket, error: Error) => void): this;
  off(event: 'upgrade', listener: (this: WebSocket, request: IncomingMessage) => void): this;
  off(
    event: 'message',
    listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  off(event: 'open', listener: (this: WebSocket) => void): this;
  off(event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this;
  off(
    event: 'stream',
    listener: (this: WebSocket, stream: Readable, isBinary: boolean) => void
  ): this;
  off(
    event: 'redirect',
    listener: (this: WebSocket, url: string, request: ClientRequest) => void
  ): this;
  off(
    event: 'unexpected-response',
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void
  ): this;
  off(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;

  addListener(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  addListener(event: 'error', listener: (error: Error) => void): this;
  addListener(event: 'upgrade', listener: (request: IncomingMessage) => void): this;
  addListener(
    event: 'message',
    listener: (data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  addListener(event: 'open', listener: () => void): this;
  addListener(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  addListener(event: 'stream', listener: (stream: Readable, isBinary: boolean) => void): this;
  addListener(event: 'redirect', listener: (url: string, request: ClientRequest) => void): this;
  addListener(
    event: 'unexpected-response',
    listener: (request: ClientRequest, response: IncomingMessage) => void
  ): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void): this;

  removeListener(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  removeListener(event: 'error', listener: (error: Error) => void): this;
  removeListener(event: 'upgrade', listener: (request: IncomingMessage) => void): this;
  removeListener(
    event: 'message',
    listener: (data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  removeListener(event: 'open', listener: () => void): this;
  removeListener(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  removeListener(event: 'stream', listener: (stream: Readable, isBinary: boolean) => void): this;
  removeListener(event: 'redirect', listener: (url: string, request: ClientRequest) => void): this;
  removeListener(
    event: 'unexpected-response',
    listener: (request: ClientRequest, response: IncomingMessage) => void
  ): this;
  removeListener(event: string | symbol, listener: (...args: any[]) => void): this;

  prependListener(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  prependListener(event: 'error', listener: (error: Error) => void): this;
  prependListener(event: 'upgrade', listener: (request: IncomingMessage) => void): this;
  prependListener(
    event: 'message',
    listener: (data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  prependListener(event: 'open', listener: () => void): this;
  prependListener(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  prependListener(event: 'stream', listener: (stream: Readable, isBinary: boolean) => void): this;
  prependListener(event: 'redirect', listener: (url: string, request: ClientRequest) => void): this;
  prependListener(
    event: 'unexpected-response',
    listener: (request: ClientRequest, response: IncomingMessage) => void
  ): this;
  prependListener(event: string | symbol, listener: (...args: any[]) => void): this;

  prependOnceListener(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  prependOnceListener(event: 'error', listener: (error: Error) => void): this;
  prependOnceListener(event: 'upgrade', listener: (request: IncomingMessage) => void): this;
  prependOnceListener(
    event: 'message',
    listener: (data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  prependOnceListener(event: 'open', listener: () => void): this;
  prependOnceListener(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  prependOnceListener(
    event: 'stream',
    listener: (stream: Readable, isBinary: boolean) => void
  ): this;
  prependOnceListener(
    event: 'redirect',
    listener: (url: string, request: ClientRequest) => void
  ): this;
  prependOnceListener(
    event: 'unexpected-response',
    listener: (request: ClientRequest, response: IncomingMessage) => void
  ): this;
  prependOnceListener(event: string | symbol, listener: (...args: any[]) => void): this;
}

declare namespace WebSocket {
  /** What a message event gives: a Buffer for text, and what `binaryType` says for binary. */
  type RawData = Buffer | ArrayBuffer | Buffer[];

  /** What can be sent. */
  type BufferLike =
    | string
    | Buffer
    | DataView
    | number
    | ArrayBufferView
    | Uint8Array
    | ArrayBuffer
    | SharedArrayBuffer
    | Blob
    | readonly any[]
    | readonly number[]
    | { valueOf(): ArrayBuffer }
    | { valueOf(): SharedArrayBuffer }
    | { valueOf(): Uint8Array }
    | { valueOf(): readonly number[] }
    | { valueOf(): string }
    | { [Symbol.toPrimitive](hint: string): string };

  type Data = string | Buffer | ArrayBuffer | Buffer[];
  type CertMeta = string | string[] | Buffer | Buffer[];

  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (info: {
    origin: string;
    secure: boolean;
    req: Request;
  }) => boolean;
  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (res: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void
  ) => void;

  /** Changes a client's request before it is sent; it must call request.end(). */
  type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void;

  interface EventListenerOptions {
    once?: boolean | undefined;
  }

  interface Event {
    type: string;
    target: WebSocket;
  }
  interface ErrorEvent extends Event {
    error: any;
    message: string;
  }
  interface CloseEvent extends Event {
    wasClean: boolean;
    code: number;
    reason: string;
  }
  interface MessageEvent extends Event {
    data: Data;
  }
  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }

  /** Limits and time-outs of a connection. A limit of 0 is off. */
  interface SocketOptions {
    /** false: at most one message, ping or pong event a turn of the event loop. Default true. */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered. Default true. */
    autoPong?: boolean | undefined;
    /** Milliseconds that the closing handshake may take. Default 30000. */
    closeTimeout?: number | undefined;
    /** Reads over which one frame may be spread. Default 262144. */
    maxBufferedChunks?: number | undefined;
    /** Frames that one message may have. Default 16384. */
    maxFragments?: number | undefined;
    /** Bytes that one frame of ours may have: longer messages are sent in several. Default 0: off. */
    maxFrameSize?: number | undefined;
    /** Bytes that one message may have. Default 104857600 (100 MiB). */
    maxPayload?: number | undefined;
    /** Answers to pings that may wait to be sent; more end the connection. Default 60. */
    maxPendingAutoPongs?: number | undefined;
    /** Bytes that a message may have that comes as 'stream'. Default 0: any number. */
    maxStreamLength?: number | undefined;
    /** Whether text goes unchecked. Default false. */
    skipUTF8Validation?: boolean | undefined;
    /**
     * Messages that are longer, and those that come in several frames, come as 'stream' instead of
     * 'message'. Default 0: none does.
     */
    streamThreshold?: number | undefined;
    /** Whether nothing is read until somebody listens for messages or iterates. Default false. */
    waitForListener?: boolean | undefined;
    /** Fills a masking key of four bytes. By default they are random. */
    generateMask?(mask: Buffer): void;
  }

  interface MessageStreamOptions {
    /** Whether it is binary; by default, unless the first piece is a string. */
    binary?: boolean | undefined;
    /** Whether to compress it, where that was negotiated. Default true. */
    compress?: boolean | undefined;
    /** Of the Writable: bytes that may wait in it. */
    highWaterMark?: number | undefined;
    /** Destroys the stream. */
    signal?: AbortSignal | undefined;
  }
  interface MessagesOptions {
    /** Messages that may wait until nothing more is read. Default 16. */
    highWaterMark?: number | undefined;
    /** Ends the iteration with its reason. */
    signal?: AbortSignal | undefined;
  }

  /** Options of a client; others go to http.request() or https.request(). */
  interface ClientOptions extends SecureContextOptions, SocketOptions {
    agent?: Agent | undefined;
    auth?: string | undefined;
    /** Makes the socket, in place of net.connect() or tls.connect(). */
    createConnection?: typeof createConnection | undefined;
    family?: number | undefined;
    /** Called with each request; must call request.end(). */
    finishRequest?: FinishRequestCallback | undefined;
    /** Whether to follow redirects. Default false. */
    followRedirects?: boolean | undefined;
    /** Milliseconds that the opening handshake may take. */
    handshakeTimeout?: number | undefined;
    headers?: { [key: string]: string } | undefined;
    host?: string | undefined;
    localAddress?: string | undefined;
    /** Redirects to follow at most. Default 10. */
    maxRedirects?: number | undefined;
    origin?: string | undefined;
    /** Of the request; not a subprotocol. */
    protocol?: string | undefined;
    /** Whether, and how, compression is offered. Default true. */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** Subprotocols, unless they are the second argument. */
    protocols?: string | string[] | undefined;
    /** 13 (the default) or 8. */
    protocolVersion?: number | undefined;
    rejectUnauthorized?: boolean | undefined;
    servername?: string | undefined;
    timeout?: number | undefined;
    checkServerIdentity?(servername: string, cert: CertMeta): boolean;
  }

  /** zlib's options for what is sent. */
  interface ZlibDeflateOptions extends Omit<ZlibOptions, 'dictionary'> {
    dictionary?: Buffer | Buffer[] | DataView | undefined;
  }

  /** How messages are compressed (RFC 7692). */
  interface PerMessageDeflateOptions {
    /** true: the server's messages do not refer to earlier ones; false: refuse to be asked. */
    serverNoContextTakeover?: boolean | undefined;
    /** The same for the client's messages. */
    clientNoContextTakeover?: boolean | undefined;
    /** The base-2 logarithm of the server's window, 8 to 15. */
    serverMaxWindowBits?: number | undefined;
    /** The same of the client's window. */
    clientMaxWindowBits?: number | undefined;
    /** zlib's level, memLevel, strategy and dictionary for what is sent. */
    zlibDeflateOptions?: ZlibDeflateOptions | undefined;
    /** zlib's dictionary for what is received. */
    zlibInflateOptions?: ZlibOptions | undefined;
    /** Bytes below which messages are not compressed, without context takeover. Default 1024. */
    threshold?: number | undefined;
    /** (De)compressions in the thread pool at a time; the first one of the process counts. Default 10. */
    concurrencyLimit?: number | undefined;
    /**
     * Bytes above which messages are compressed in the thread pool; messages that inflate to more
     * than four times as many are inflated there. Default 65536.
     */
    asyncThreshold?: number | undefined;
    /** A server compresses without context takeover, and one message to many clients once. */
    shared?: boolean | undefined;
  }

  /** Options of a server: exactly one of `port`, `server` and `noServer`. */
  interface ServerOptions<
    U extends typeof WebSocket = typeof WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage
  > extends SocketOptions {
    host?: string | undefined;
    port?: number | undefined;
    /** The length of the queue of connections that are not accepted yet. Default 511. */
    backlog?: number | undefined;
    server?: HTTPServer<V> | HTTPSServer<V> | undefined;
    noServer?: boolean | undefined;
    /** Takes only requests for this path. */
    path?: string | undefined;
    /** Whether `clients` is kept. Default true. */
    clientTracking?: boolean | undefined;
    /** Milliseconds in which a request head must come, in port mode. Default 10000; 0 is off. */
    handshakeTimeout?: number | undefined;
    /** Bytes of a request head, as `http` counts them, in port mode. Default `http.maxHeaderSize`. */
    maxHeaderSize?: number | undefined;
    /** Headers that a request may have, in port mode. Default 1000; 0 is no limit. */
    maxHeadersCount?: number | undefined;
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined;
    /** Chooses a subprotocol; by default it is the first one. */
    handleProtocols?: (protocols: Set<string>, request: InstanceType<V>) => string | false;
    /** Whether, and how, offers of compression are accepted. Default false. */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** The class of the server's sockets. */
    WebSocket?: U | undefined;
  }

  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /** A WebSocket server, with the API of ws. */
  class Server<
    T extends typeof WebSocket = typeof WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends EventEmitter {
    options: ServerOptions<T, U>;
    path: string;
    /** The open connections; only with `clientTracking`. */
    clients: Set<InstanceType<T>>;

    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /**
     * Where the server listens: the path of a Unix socket or pipe as a string; null where it does not.
     * With `server` it is that server's address.
     * @throws with `noServer`
     */
    address(): AddressInfo | string | null;
    /**
     * Stops listening and taking upgrades. Connections that are open stay so, and an HTTP server that
     * was passed as `server` goes on.
     * @param cb called when the last connection has closed; with an error if the server was not running
     */
    close(cb?: (err?: Error) => void): void;
    /**
     * Answers the handshake of an HTTP server's 'upgrade' event, or refuses it. It ends the socket where
     * it refuses.
     * @param callback gets the WebSocket; nobody else emits 'connection'
     * @throws if the socket was upgraded already
     */
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void
    ): void;
    /**
     * Whether a request is for this server: by default, whether `path` is that of its URL. To be
     * overridden; what is not true is answered with 400.
     */
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;

    /** A handshake is done. */
    on(
      event: 'connection',
      cb: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    /** The server failed, for example at listening. Without a listener the process ends. */
    on(event: 'error', cb: (this: Server<T>, error: Error) => void): this;
    /** The lines of the answer to a handshake, which may be changed before they are sent. */
    on(
      event: 'headers',
      cb: (this: Server<T>, headers: string[], request: InstanceType<U>) => void
    ): this;
    /** The server has closed, or listens. */
    on(event: 'close' | 'listening', cb: (this: Server<T>) => void): this;
    /** A handshake is refused. Whoever listens must answer and end `socket`. */
    on(
      event: 'wsClientError',
      cb: (this: Server<T>, error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    /** Any other event. */
    on(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;

    once(
      event: 'connection',
      cb: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    once(event: 'error', cb: (this: Server<T>, error: Error) => void): this;
    once(
      event: 'headers',
      cb: (this: Server<T>, headers: string[], request: InstanceType<U>) => void
    ): this;
    once(event: 'close' | 'listening', cb: (this: Server<T>) => void): this;
    once(
      event: 'wsClientError',
      cb: (this: Server<T>, error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    once(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;

    off(
      event: 'connection',
      cb: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    off(event: 'error', cb: (this: Server<T>, error: Error) => void): this;
    off(
      event: 'headers',
      cb: (this: Server<T>, headers: string[], request: InstanceType<U>) => void
    ): this;
    off(event: 'close' | 'listening', cb: (this: Server<T>) => void): this;
    off(
      event: 'wsClientError',
      cb: (this: Server<T>, error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    off(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;

    addListener(
      event: 'connection',
      cb: (websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    addListener(event: 'error', cb: (error: Error) => void): this;
    addListener(event: 'headers', cb: (headers: string[], request: InstanceType<U>) => void): this;
    addListener(event: 'close' | 'listening', cb: () => void): this;
    addListener(
      event: 'wsClientError',
      cb: (error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    addListener(event: string | symbol, listener: (...args: any[]) => void): this;

    removeListener(
      event: 'connection',
      cb: (websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    removeListener(event: 'error', cb: (error: Error) => void): this;
    removeListener(
      event: 'headers',
      cb: (headers: string[], request: InstanceType<U>) => void
    ): this;
    removeListener(event: 'close' | 'listening', cb: () => void): this;
    removeListener(
      event: 'wsClientError',
      cb: (error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    removeListener(event: string | symbol, listener: (...args: any[]) => void): this;

    prependListener(
      event: 'connection',
      cb: (websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    prependListener(event: 'error', cb: (error: Error) => void): this;
    prependListener(
      event: 'headers',
      cb: (headers: string[], request: InstanceType<U>) => void
    ): this;
    prependListener(event: 'close' | 'listening', cb: () => void): this;
    prependListener(
      event: 'wsClientError',
      cb: (error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    prependListener(event: string | symbol, listener: (...args: any[]) => void): this;

    prependOnceListener(
      event: 'connection',
      cb: (websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    prependOnceListener(event: 'error', cb: (error: Error) => void): this;
    prependOnceListener(
      event: 'headers',
      cb: (headers: string[], request: InstanceType<U>) => void
    ): this;
    prependOnceListener(event: 'close' | 'listening', cb: () => void): this;
    prependOnceListener(
      event: 'wsClientError',
      cb: (error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    prependOnceListener(event: string | symbol, listener: (...args: any[]) => void): this;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer extends Server {}

  const WebSocket: typeof WebSocketAlias;
  interface WebSocket extends WebSocketAlias {}

  /** One connection of a MyWebsocket. */
  type Peer = WebSocket;

  interface MyWebsocketOptions extends Omit<ServerOptions, 'WebSocket'> {
    /** Default 8080. */
    port?: number | undefined;
    host?: string | undefined;
    /** An HTTP server to take upgrades from, instead of a port. */
    server?: HTTPServer | HTTPSServer | undefined;
  }

  /** A server in its simplest form: all messages are 'data' events, send() goes to everybody. */
  class MyWebsocket extends EventEmitter {
    constructor(options?: MyWebsocketOptions);
    /** Inside an HTTP server's 'upgrade' handler: takes this one connection. */
    constructor(request: IncomingMessage, socket: Duplex, head?: Buffer);

    /** The open connections. */
    readonly peers: Set<Peer>;
    address(): AddressInfo | string | null;
    /** Sends to every open connection: strings as text, bytes and Blobs as binary. */
    send(
      data: string | ArrayBufferLike | ArrayBufferView | Blob,
      cb?: (error: Error | null) => void
    ): void;
    send(
      data: string | ArrayBufferLike | ArrayBufferView | Blob,
      options?: {
        binary?: boolean | undefined;
        compress?: boolean | undefined;
        fin?: boolean | undefined;
        mask?: boolean | undefined;
      },
      cb?: (error: Error | null) => void
    ): void;
    /** Closes every connection (1000 by default) and stops the server. */
    close(code?: number, reason?: string, cb?: () => void): void;

    /** A string for a text message, a Buffer for a binary one. */
    on(
      event: 'data',
      listener: (data: string | Buffer, peer: Peer, isBinary: boolean) => void
    ): this;
    on(event: 'connection', listener: (peer: Peer) => void): this;
    /** `code` is 1006 when the connection was lost without a close frame. */
    on(event: 'close', listener: (code: number, reason: string, peer: Peer) => void): this;
    on(event: 'error', listener: (error: Error, peer?: Peer) => void): this;
    on(event: 'listening', listener: () => void): this;
    on(event: string | symbol, listener: (...args: any[]) => void): this;
  }

  interface SmallestServerOptions extends MyWebsocketOptions {
    /**
     * Called with each text, and with the function that answers the peer that sent it: it returns
     * false when that connection is not open any more.
     */
    callback: (data: string, sendText: (text: string) => boolean) => void;
  }

  /** The smallest server there is: text in, text out. */
  function myWebsocket(options: SmallestServerOptions): MyWebsocket;

  /** What a Receiver is told. */
  interface ReceiverOptions {
    allowSynchronousEvents?: boolean | undefined;
    binaryType?: WebSocket['binaryType'] | undefined;
    extensions?: { [name: string]: PerMessageDeflate } | undefined;
    /** Whether frames must be masked. Default false. */
    isServer?: boolean | undefined;
    maxBufferedChunks?: number | undefined;
    maxFragments?: number | undefined;
    maxPayload?: number | undefined;
    skipUTF8Validation?: boolean | undefined;
  }

  /** The reading half of a WebSocket: a Writable that is fed with the bytes of a connection. */
  class Receiver extends Writable {
    constructor(options?: ReceiverOptions);

    on(event: 'message', listener: (data: RawData | Blob, isBinary: boolean) => void): this;
    on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
    /** A close frame came. */
    on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: string | symbol, listener: (...args: any[]) => void): this;
  }

  interface FrameOptions {
    opcode: number;
    fin?: boolean | undefined;
    generateMask?: ((mask: Buffer) => void) | undefined;
    mask?: boolean | undefined;
    maskBuffer?: Buffer | undefined;
    /** Whether a masked frame shall be one Buffer. */
    readOnly?: boolean | undefined;
    rsv1?: boolean | undefined;
  }

  /** The writing half of a WebSocket: makes frames and writes them to a stream. */
  class Sender {
    constructor(
      socket: Duplex,
      extensions?: { [name: string]: PerMessageDeflate },
      generateMask?: (mask: Buffer) => void
    );

    /** Makes a frame: header and payload, or one Buffer. The data is not changed. */
    static frame(data: Buffer | string, options: FrameOptions): Buffer[];

    close(
      code?: number,
      data?: string | Buffer,
      mask?: boolean,
      cb?: (error?: Error | null) => void
    ): void;
    ping(data: BufferLike, mask?: boolean, cb?: (error?: Error | null) => void): void;
    pong(data: BufferLike, mask?: boolean, cb?: (error?: Error | null) => void): void;
    send(
      data: BufferLike,
      options: {
        binary?: boolean;
        compress?: boolean;
        fin?: boolean;
        mask?: boolean;
        maxFrameSize?: number;
      },
      cb?: (error?: Error | null) => void
    ): void;
    /** Writes what frame() has made. */
    sendFrame(list: Buffer[], cb?: (error?: Error | null) => void): void;
  }

  /** permessage-deflate: its negotiation, and compressing and inflating by hand. */
  class PerMessageDeflate {
    static readonly extensionName: 'permessage-deflate';
    /** What was negotiated. */
    params: { [name: string]: number | true } | null;

    constructor(options?: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number });

    /** The parameters that a client offers. */
    offer(): { [name: string]: number | true };
    /** Takes an offer, or the answer to ours, as extension.parse() gives them. */
    accept(configurations: Array<{ [parameter: string]: Array<string | true> }>): {
      [name: string]: number | true;
    };
    compress(
      data: Buffer | string,
      fin: boolean,
      callback: (error: Error | null, result: Buffer) => void
    ): void;
    decompress(
      data: Buffer,
      fin: boolean,
      callback: (error: Error | null, result: Buffer) => void
    ): void;
    /** Gives zlib's memory back. */
    cleanup(): void;
  }

  /** Wraps a WebSocket in a Duplex: what is written is sent, and messages are read. */
  function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex;

  const extension: {
    /** Parses a Sec-WebSocket-Extensions header: the offers of each extension, by its name. */
    parse(header: string): {
      [name: string]: Array<{ [parameter: string]: Array<string | true> }>;
    };
    /** Writes a Sec-WebSocket-Extensions header. */
    format(extensions: { [name: string]: object | object[] }): string;
  };

  const subprotocol: {
    /** Parses a Sec-WebSocket-Protocol header. */
    parse(header: string): Set<string>;
  };
}

type WebSocketAlias = WebSocket;
declare const WebSocketAlias: typeof WebSocket;

export = WebSocket;
