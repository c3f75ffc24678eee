'use strict';

const EventEmitter = require('events');
const { adoptSocket, replaceSocket } = require('./link/adopt-socket');
const { AutoPong } = require('./sending/auto-pong');
const { toBinaryType } = require('./binary-type');
const native = require('./native/addon');
const { ClientHandshake, abortHandshake } = require('./handshake/client');
const { compressionFor, negotiated } = require('./native/compression');
const { nextTick, setImmediate } = require('./native/realm');
const { ConnectionReceiver, ConnectionSender } = require('./compat/connection-halves');
const {
  BINARY_TYPES,
  FLAG_COMPRESS,
  FLAG_FIN,
  FLAG_MASK,
  FLAG_RSV1,
  NO_CLOSE_CODE,
  OP_BINARY,
  OP_CLOSE,
  OP_CONTINUATION,
  OP_PING,
  OP_PONG,
  OP_TEXT
} = require('./constants');
const { callbackOf } = require('./sending/callback');
const { closeReason, controlPayload } = require('./sending/control-payload');
const { debug } = require('./debug');
const { DeferringEndpoint } = require('./link/deferring-endpoint');
const { setEndpoint } = require('./native/dispatch');
const { createProtocolError } = require('./errors');
const { mixInEventTarget } = require('./event-target');
const { ConnectionHandle } = require('./link/connection-handle');
const { acceptSocketOf, endedSocket, handleOf, socketOf } = require('./link/node-socket');
const { leaveServer } = require('./link/node-internals');
const { claim } = require('./link/claimed-sockets');
const { SendQueue } = require('./sending/send-queue');
const { INITIAL_STATE, RareState } = require('./rare-state');
const { settingsFor } = require('./native/settings');
const { StreamBridge } = require('./link/stream-bridge');
const { isBlob, sizeOf, toBytes, toPayload } = require('./validation');
const { WrittenCallbacks } = require('./sending/written-callbacks');

// As constants, since `native` has too many members for V8 to know them: 2% of a message of 20 bytes.
const { send: sendBytes, sendText } = native;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
// The bit of `_flags` that says that send() may pass data straight on: there is no mask of the
// user's, no unfinished message, no queue, no compression. The addon does not look at it.
const IS_PLAIN = 0x10000;
// And those with the place of `binaryType` in BINARY_TYPES.
const BINARY_TYPE_BITS = 0x60000;
const BINARY_TYPE_SHIFT = 17;
// The bit that says that pings are answered.
const AUTO_PONG = 0x80000;
const CLOSED_EARLY = 'WebSocket was closed before the connection was established';
const READY_STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

/**
 * What EventEmitter keeps listeners in, as an object with a shape of its own: 150 bytes less than the
 * dictionary that EventEmitter makes, which is a seventh of an idle connection.
 */
function Listeners() {}
Listeners.prototype = Object.freeze(Object.create(null));

/**
 * One end of a WebSocket connection, with the API of ws. Protocol and transport are in the addon,
 * where a connection is an integer handle; this class keeps what users see of it.
 *
 * Members that begin with an underscore are either reached for by packages that depend on ws
 * (`_socket`, `_readyState`, `_isServer`, `_extensions`, ...), or they are the Endpoint that
 * lib/native/dispatch.js calls and what the server sets.
 */
class WebSocket extends EventEmitter {
  /**
   * @param {(String|URL|null)} address where to connect; null makes an unattached object, to be
   *     given a socket by setSocket()
   * @param {(String|String[])} [protocols] the subprotocols to offer
   * @param {Object} [options] limits, time-outs, and whatever http.request() takes; see docs/api.md
   * @throws {SyntaxError} for an address or a subprotocol that is none
   */
  constructor(address, protocols, options) {
    super();

    this._events = new Listeners();
    this._handle = 0;
    this._readyState = CONNECTING;
    // The bits that go with every frame (FIN once there is a connection), IS_PLAIN, and those of
    // `binaryType`.
    this._flags = IS_PLAIN | (address === null ? 0 : FLAG_MASK);
    this._protocol = '';
    this._options = options;
    this._ownSocket = null;
    // The HTTP server that counts the connection, while it has no socket that would tell it.
    this._httpServer = null;
    // To be read as `this._rare`, and to be written to through this._rarely().
    this._rare = INITIAL_STATE;

    if (address !== null) {
      new ClientHandshake(this, address, protocols, options);
      ({ _options: options } = this);
    }
    if (options.autoPong) this._flags |= AUTO_PONG;
  }

  /** @type {String} what binary messages come as: nodebuffer, arraybuffer, fragments or blob */
  get binaryType() {
    return BINARY_TYPES[(this._flags & BINARY_TYPE_BITS) >> BINARY_TYPE_SHIFT];
  }

  set binaryType(type) {
    const index = BINARY_TYPES.indexOf(type);
    if (index < 0) return;
    this._flags = (this._flags & ~BINARY_TYPE_BITS) | (index << BINARY_TYPE_SHIFT);
  }

  /** @type {Number} bytes that were sent and that the kernel (or the stream) has not taken yet */
  get bufferedAmount() {
    const amount = this._rare.bufferedAfterClose + this._queuedBytes;
    if (this._rare.bridge !== null) return amount + this._rare.bridge.bufferedAmount;
    if (this._handle === 0) return amount;
    return amount + native.enqueued(this._handle) - native.flush(this._handle);
  }

  /** @type {Boolean} whether this is a server's end, whose frames are not masked */
  get _isServer() {
    return (this._flags & FLAG_MASK) === 0;
  }

  set _isServer(isServer) {
    this._flags = isServer ? this._flags & ~FLAG_MASK : this._flags | FLAG_MASK;
  }

  /** Whether there is a connection, or was. */
  get _isAttached() {
    return (this._flags & FLAG_FIN) !== 0;
  }

  get _isPlain() {
    return (this._flags & IS_PLAIN) !== 0;
  }

  set _isPlain(isPlain) {
    this._flags = isPlain ? this._flags | IS_PLAIN : this._flags & ~IS_PLAIN;
  }

  /** Whether text messages are to come as strings, to _onText(); see lib/native/dispatch.js. */
  get _wantsText() {
    return false;
  }

  /** A client's request, until it is answered. */
  get _req() {
    return this._rare.req;
  }

  /** The object of this connection's own for what is not as it was at the beginning. */
  _rarely() {
    if (this._rare === INITIAL_STATE) this._rare = new RareState();
    return this._rare;
  }

  /** Bytes of payload that wait to be read or compressed. */
  get _queuedBytes() {
    return (
      this._rare.justCompressed + (this._rare.sendQueue === null ? 0 : this._rare.sendQueue.bytes)
    );
  }

  /** @type {String} the names of the extensions in use */
  get extensions() {
    return this._rare.extensions === null ? '' : Object.keys(this._rare.extensions).join();
  }

  /** The negotiated extensions, by name. */
  get _extensions() {
    return this._rare.extensions ?? (this._rarely().extensions = {});
  }

  set _extensions(extensions) {
    this._rarely().extensions = extensions;
  }

  /** @type {Boolean} */
  get isPaused() {
    return this._rare.paused;
  }

  /** @type {String} the subprotocol in use, or an empty string */
  get protocol() {
    return this._protocol;
  }

  /** @type {Number} */
  get readyState() {
    return this._readyState;
  }

  /** @type {(String|undefined)} of a client */
  get url() {
    return this._rare.url;
  }

  /**
   * The socket under the connection: the stream that it was given, or, where the addon owns the
   * descriptor, a Duplex that is made when somebody asks for it (remoteAddress, mostly).
   *
   * @type {(Duplex|null)}
   */
  get _socket() {
    if (this._ownSocket === null && this._isAttached) {
      this._ownSocket =
        this._handle === 0 ? endedSocket() : socketOf(this._handle, this._httpServer);
      // It tells the server; one that has ended already does not.
      if (this._ownSocket._server !== null) this._httpServer = null;
    }
    return this._ownSocket;
  }

  /** The writing half of the connection, made when somebody asks for it; see Sender. */
  get _sender() {
    if (this._rare.sender === null && this._isAttached)
      this._rarely().sender = new ConnectionSender(this);
    return this._rare.sender;
  }

  /** The reading half of the connection, made when somebody asks for it; see Receiver. */
  get _receiver() {
    if (this._rare.receiver === null && this._isAttached) {
      this._rarely().receiver = new ConnectionReceiver(this);
    }
    return this._rare.receiver;
  }

  /**
   * Attaches a stream after the opening handshake.
   *
   * @param {Duplex} socket
   * @param {Buffer} head what was read already and belongs to the first frames
   * @param {Object} options limits and time-outs
   */
  setSocket(socket, head, options) {
    if (options !== this._options) this._options = optionsOf(this._options, options);
    this._ownSocket = socket;
    claim(socket);
    const settings = settingsFor(this._options);
    const own = handleOf(socket);
    if (own !== undefined && !own.isDecided) {
      // Of a server's own port: the addon has it already.
      native.acceptWith(own.id, settings, '');
      acceptSocketOf(socket);
      this._open(own.id);
      return;
    }
    let handle = adoptSocket(socket, head, settings, this._isServer);
    if (handle === 0) {
      this._rarely().bridge = new StreamBridge(this, socket, head, settings);
      ({ handle } = this._rare.bridge);
    }
    this._open(handle);
  }

  /**
   * Attaches the connection of a server's socket that nobody knows, and sends the response to the
   * opening handshake. The socket is of no use afterwards; `_socket` makes another one.
   *
   * @param {net.Socket} socket before the response
   * @param {Buffer} head what was read already and belongs to the first frames
   * @param {String} response
   * @return {Boolean} whether that can be; nothing is done where not
   */
  _replaceSocket(socket, head, response) {
    const server = socket._server;
    const handle = replaceSocket(socket, head, settingsFor(this._options));
    if (handle === 0) return false;
    this._httpServer = server;
    native.sendRaw(handle, Buffer.from(response));
    this._open(handle);
    return true;
  }

  /**
   * The opening handshake is done: the connection has a handle.
   *
   * @param {Number} handle
   */
  _open(handle) {
    const { allowSynchronousEvents } = this._options;
    this._handle = handle;
    this._flags |= FLAG_FIN;
    const perMessageDeflate = negotiated(this._rare.extensions);
    if (perMessageDeflate !== undefined) {
      this._rarely().compression = compressionFor(perMessageDeflate);
      native.useCompression(handle, this._rare.compression.external);
    }
    this._updateIsPlain();
    setEndpoint(
      handle,
      allowSynchronousEvents === false
        ? new DeferringEndpoint(this, (isReading) => this._setReading(isReading))
        : this
    );
    this._readyState = OPEN;
    if (debug.enabled) debug.connection(this, `open ${this._protocol} ${this.extensions}`.trim());
    this.emit('open');
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data a string, anything that holds bytes, or a Blob; a number is sent as a string
   * @param {{binary: Boolean=, compress: Boolean=, fin: Boolean=, mask: Boolean=}} [options]
   * @param {Function} [cb] called with null when the kernel has taken it, or with an error
   * @throws {Error} while connecting
   */
  send(data, options, cb) {
    if (typeof options === 'function') {
      cb = options;
      options = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) {
      this._refuse(data, cb);
      return;
    }
    if (cb !== undefined && typeof cb !== 'function') cb = callbackOf(cb);
    if (options === undefined && this._isPlain) {
      if (typeof data === 'string') {
        sendText(this._handle, data, this._flags | OP_TEXT);
        this._sent(cb);
        return;
      }
      // One that is empty may be detached, which toPayload() finds out.
      if (data instanceof Uint8Array && data.length > 0) {
        sendBytes(this._handle, data, this._flags | OP_BINARY);
        this._sent(cb);
        return;
      }
    }
    this._sendWith(data, options, cb);
  }

  /** send() for whatever is not a whole, plain message. */
  _sendWith(data, options, cb) {
    const { binary, compress, fin, mask } = sendOptions(options, data, this._isServer);
    let flags = (fin ? FLAG_FIN : 0) | (mask ? FLAG_MASK : 0);
    if (fin && this._isPlain && data instanceof Uint8Array && data.length > 0) {
      // The usual case, without what unfinished messages, queues and compression need.
      sendBytes(this._handle, data, flags | (binary ? OP_BINARY : OP_TEXT));
      this._sent(cb);
      return;
    }
    const payload = toPayload(data);
    if (this._rare.inFragments) {
      flags |= OP_CONTINUATION;
    } else {
      flags |= binary ? OP_BINARY : OP_TEXT;
      // The first fragment decides for all of them.
      const { compression } = this._rare;
      const compresses =
        Boolean(compress) && compression !== null && sizeOf(payload) >= compression.threshold;
      if (compresses !== this._rare.compressesFragments) {
        this._rarely().compressesFragments = compresses;
      }
      if (compresses) flags |= FLAG_RSV1;
    }
    if (this._rare.compressesFragments) flags |= FLAG_COMPRESS;
    if (this._rare.inFragments !== !fin) this._rarely().inFragments = !fin;
    this._sendPayload(payload, flags, cb);
    this._updateIsPlain();
  }

  /**
   * Sends a ping.
   *
   * @param {*} [data] at most 125 bytes
   * @param {Boolean} [mask]
   * @param {Function} [cb]
   * @throws {Error} while connecting
   * @throws {RangeError} for more data
   */
  ping(data, mask, cb) {
    this._sendControl(OP_PING, data, mask, cb);
  }

  /**
   * Sends a pong; the parameters are those of ping().
   *
   * @param {*} [data]
   * @param {Boolean} [mask]
   * @param {Function} [cb]
   */
  pong(data, mask, cb) {
    this._sendControl(OP_PONG, data, mask, cb);
  }

  _sendControl(opcode, data, mask, cb) {
    if (typeof data === 'function') {
      cb = data;
      data = mask = undefined;
    } else if (typeof mask === 'function') {
      cb = mask;
      mask = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) {
      this._refuse(data, cb);
      return;
    }
    if (cb !== undefined && typeof cb !== 'function') cb = callbackOf(cb);
    if (mask === undefined) mask = !this._isServer;
    this._sendControlFrame(opcode, data, mask, cb);
  }

  _sendControlFrame(opcode, data, mask, cb) {
    this._sendPayload(controlPayload(data), opcode | FLAG_FIN | (mask ? FLAG_MASK : 0), cb);
  }

  /** Sends one frame, behind what is still being read or compressed. */
  _sendPayload(payload, flags, cb) {
    if (this._rare.sendQueue === null && !isBlob(payload) && !this._isForLater(payload, flags)) {
      this._sendFrame(payload, flags);
      // As under ws, what is compressed reaches a stream later.
      if (this._rare.bridge !== null && (flags & FLAG_COMPRESS) !== 0)
        this._rare.bridge.pumpLater(cb);
      else this._sent(cb);
      return;
    }
    const isControl = (flags & OP_CLOSE) !== 0;
    this._ensureSendQueue().push(
      // What was checked may not grow meanwhile.
      isControl && !isBlob(payload) ? Buffer.from(payload) : payload,
      sizeOf(payload),
      (bytes) => this._sendFrame(bytes, flags),
      cb
    );
  }

  _isForLater(payload, flags) {
    return (flags & FLAG_COMPRESS) !== 0 && payload.length > this._rare.compression.asyncThreshold;
  }

  /** Sends frames that are ready; false if the connection is over. */
  _sendRaw(list, cb) {
    if (this._handle === 0) return false;
    for (const bytes of list) native.sendRaw(this._handle, toBytes(bytes));
    this._sent(cb);
    return true;
  }

  /** Takes bytes as if the peer had sent them. */
  _feed(chunk) {
    if (this._handle === 0) return;
    if (this._rare.bridge !== null) this._rare.bridge.feed(chunk);
    else native.feed(this._handle, chunk);
  }

  /** Returns true if it takes longer, until _onCompressed() is called. */
  _sendFrame(bytes, flags) {
    const key = (flags & FLAG_MASK) === 0 ? undefined : this._mask();
    if (this._isForLater(bytes, flags)) {
      native.sendLater(this._handle, bytes, flags, key);
      return true;
    }
    sendBytes(this._handle, bytes, flags, key);
    if ((flags & FLAG_COMPRESS) !== 0) this._countCompressed(bytes.length);
    return false;
  }

  // Under ws compressing takes some time, during which the bytes count as buffered.
  _countCompressed(size) {
    if (this._rare.justCompressed === 0) nextTick(() => (this._rarely().justCompressed = 0));
    this._rarely().justCompressed += size;
  }

  /** A masking key of the user's; undefined where the addon is to make one. */
  _mask() {
    const { generateMask } = this._options;
    if (!generateMask) return undefined;
    const key = Buffer.alloc(4);
    generateMask(key);
    return key;
  }

  /** The addon is about to send a close frame. */
  _maskCloseFrame() {
    if (this._isServer || this._rare.closeFrameSent) return;
    const key = this._mask();
    if (key !== undefined) native.setNextMaskingKey(this._handle, key);
  }

  _ensureSendQueue() {
    if (this._rare.sendQueue === null) {
      this._isPlain = false;
      this._rarely().sendQueue = new SendQueue({
        isClosed: () => this._handle === 0,
        onError: (error) => this._onSendError(error),
        onSent: (cb) => this._sent(cb),
        onEmpty: () => {
          this._rarely().sendQueue = null;
          this._updateIsPlain();
        }
      });
    }
    return this._rare.sendQueue;
  }

  _updateIsPlain() {
    this._isPlain =
      !this._rare.inFragments &&
      this._rare.sendQueue === null &&
      this._rare.compression === null &&
      !this._options.generateMask;
  }

  /** A Blob could not be read: no message can be left out, so the connection ends. */
  _onSendError(error) {
    if (this._readyState === CLOSED) return;
    this._readyState = CLOSING;
    if (this._handle !== 0) {
      native.endTransport(this._handle);
      this._sent(undefined);
    }
    this._emitErrorOnce(error);
  }

  /** Something was queued; `cb` waits for the kernel, or the stream, to take it. */
  _sent(cb) {
    if (this._rare.bridge !== null) this._rare.bridge.pump(cb);
    else if (cb !== undefined)
      (this._rarely().callbacks ??= new WrittenCallbacks(this._handle)).push(cb);
  }

  /** send(), ping() and pong() in any other state than OPEN. */
  _refuse(data, cb) {
    if (this._readyState === CONNECTING) {
      throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
    }
    if (data) this._rarely().bufferedAfterClose += sizeOf(toPayload(data));
    if (cb) {
      const state = READY_STATES[this._readyState];
      const error = new Error(`WebSocket is not open: readyState ${this._readyState} (${state})`);
      process.nextTick(cb, error);
    }
  }

  /**
   * Begins the closing handshake.
   *
   * @param {Number} [code]
   * @param {(String|Uint8Array)} [data] the reason, at most 123 bytes
   * @throws {TypeError} for a code that may not be sent, or a reason of another type
   * @throws {RangeError} for a longer reason
   */
  close(code, data) {
    if (this._readyState === CLOSED || this._readyState === CLOSING) return;
    if (this._readyState === CONNECTING) {
      abortHandshake(this, this._rare.req, CLOSED_EARLY);
      return;
    }
    const reason = closeReason(code, data);
    const send = () => {
      this._maskCloseFrame();
      native.close(this._handle, code === undefined ? NO_CLOSE_CODE : code, reason);
      this._rarely().closeFrameSent = true;
    };
    this._readyState = CLOSING;
    this._inTurn(send);
  }

  /** Runs what sends something, behind what is still being read or compressed. */
  _inTurn(send) {
    if (this._rare.sendQueue === null) {
      send();
      this._sent(undefined);
    } else {
      this._rare.sendQueue.push(null, 0, send, undefined);
    }
  }

  /** Drops the connection without a closing handshake. */
  terminate() {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      abortHandshake(this, this._rare.req, CLOSED_EARLY);
      return;
    }
    this._readyState = CLOSING;
    if (this._handle === 0) return;
    const socket = ConnectionHandle.existing(this._handle)?.socket;
    if (socket !== undefined) socket.destroy();
    else native.terminate(this._handle);
    this._sent(undefined);
  }

  /** Reads nothing more from the socket. Messages that were read already still come. */
  pause() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._rarely().paused = true;
    this._setReading(false);
  }

  /** Undoes pause(). */
  resume() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    if (this._rare.paused) this._rarely().paused = false;
    this._setReading(true);
  }

  _setReading(isReading) {
    if (this._handle === 0 || (isReading && this._rare.paused)) return;
    const target = this._rare.bridge ?? ConnectionHandle.existing(this._handle)?.socket ?? native;
    if (isReading) target.resume(this._handle);
    else target.pause(this._handle);
  }

  // Does what a socket of the server's would do when it is destroyed.
  _leaveHttpServer() {
    const server = this._httpServer;
    this._httpServer = null;
    leaveServer(server);
    setImmediate(() => this._afterSocket());
  }

  // The socket emits 'close'. As under ws, its listeners hear of an end that came unexpectedly before
  // those of the WebSocket do.
  _afterSocket() {
    if (this._rare.inputEnded) this.emitClose();
    else nextTick(() => this.emitClose());
  }

  /** Emits the last event. */
  emitClose() {
    this._readyState = CLOSED;
    if (debug.enabled)
      debug.connection(this, `closed, ${this._rare.closeCode} ${this._rare.closeMessage}`);
    this.emit('close', this._rare.closeCode, this._rare.closeMessage);
  }

  _emitErrorOnce(error) {
    if (this._rare.errorEmitted) return;
    this._rarely().errorEmitted = true;
    if (debug.enabled) debug.connection(this, `${error.code ?? 'error'}: ${error.message}`);
    this.emit('error', error);
  }

  // The Endpoint's methods; see lib/native/dispatch.js.

  _onMessage(data, isBinary, ends) {
    if (isBinary && (this._flags & BINARY_TYPE_BITS) !== 0) {
      data = toBinaryType(data, this.binaryType, ends);
    }
    if (this._rare.receiver !== null) this._rare.receiver.emit('message', data, isBinary);
    this.emit('message', data, isBinary);
  }

  _onPing(data) {
    if (this._readyState === OPEN && (this._flags & AUTO_PONG) !== 0) {
      const rare = this._rarely();
      rare.autoPong ??= new AutoPong(this, this._options.maxPendingAutoPongs | 0);
      rare.autoPong.answer(data);
    }
    if (this._rare.receiver !== null) this._rare.receiver.emit('ping', data);
    this.emit('ping', data);
  }

  _onPong(data) {
    if (this._rare.receiver !== null) this._rare.receiver.emit('pong', data);
    this.emit('pong', data);
  }

  _onPeerClose(code, reason) {
    const rare = this._rarely();
    rare.closeFrameReceived = rare.inputEnded = true;
    if (debug.enabled) debug.connection(this, `close frame, ${code} ${reason}`);
    rare.closeCode = code;
    if (reason.length > 0) {
      // Memory of its own, since people keep WebSockets that are closed.
      rare.closeMessage = Buffer.allocUnsafeSlow(reason.length);
      reason.copy(rare.closeMessage);
    }
    if (rare.receiver !== null) {
      rare.receiver.emit('conclude', code, rare.closeMessage);
      rare.receiver.end();
    }
    const answer = () => {
      this._maskCloseFrame();
      native.reactToClose(this._handle, code, rare.closeMessage);
      rare.closeFrameSent = true;
      if (this._handle !== 0) ConnectionHandle.existing(this._handle)?.socket.end();
    };
    if (this._readyState === OPEN) this._readyState = CLOSING;
    this._inTurn(answer);
  }

  _onProtocolError(index, detail, sentence) {
    this._rarely().inputEnded = true;
    this._maskCloseFrame();
    native.reactToError(this._handle, index);
    this._readyState = CLOSING;
    this._rarely().closeFrameSent = true;
    this._ended();
    this._emitErrorOnce(createProtocolError(index, detail, sentence));
  }

  _onPeerEnd() {
    this._readyState = CLOSING;
    native.reactToEnd(this._handle);
    this._rarely().inputEnded = true;
    this._sent(undefined);
    if (this._handle !== 0) ConnectionHandle.existing(this._handle)?.peerEnded();
  }

  /** The addon ends our side of the transport; whoever looks at the socket shall see it end. */
  _ended() {
    this._sent(undefined);
    if (this._handle !== 0) ConnectionHandle.existing(this._handle)?.socket.end();
  }

  _onWritten() {
    this._rare.callbacks?.callWritten();
    ConnectionHandle.existing(this._handle)?.written();
  }

  _onCompressed() {
    this._rare.sendQueue?.compressed();
  }

  _onOutput() {
    if (this._rare.bridge !== null) this._rare.bridge.pump();
  }

  _onClosed() {
    const own = ConnectionHandle.existing(this._handle);
    this._readyState = CLOSING;
    this._handle = 0;
    const { callbacks } = this._rare;
    if (callbacks !== null) this._rarely().callbacks = null;
    try {
      callbacks?.closed();
      this._rare.sendQueue?.closed();
    } finally {
      if (own !== undefined) own.closed(() => this._afterSocket());
      else if (this._httpServer !== null) this._leaveHttpServer();
      else if (this._rare.bridge !== null) this._afterSocket();
      else this.emitClose();
    }
  }
}

/**
 * The options of a connection. As under ws, some are the constructor's and the others setSocket()'s.
 */
function optionsOf({ closeTimeout, maxPendingAutoPongs }, options) {
  return {
    allowSynchronousEvents: options.allowSynchronousEvents,
    closeTimeout,
    generateMask: options.generateMask,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxPayload: options.maxPayload,
    maxPendingAutoPongs,
    skipUTF8Validation: options.skipUTF8Validation
  };
}

/**
 * Whether options are a plain object that says nothing but what `binary` is, as most programs give
 * them: to find that out costs 15 ns less than to add the defaults.
 */
function areOnlyBinary(options) {
  return (
    typeof options === 'object' &&
    options !== null &&
    typeof options.binary === 'boolean' &&
    !('compress' in options) &&
    !('fin' in options) &&
    !('mask' in options) &&
    Object.getPrototypeOf(options) === Object.prototype &&
    !('binary' in Object.prototype)
  );
}

/**
 * The options of send() with their defaults. As under ws, what options inherit does not count, and
 * one that is there and undefined counts as false.
 */
function sendOptions(options, data, isServer) {
  if (areOnlyBinary(options)) {
    return { binary: options.binary, compress: true, fin: true, mask: !isServer };
  }
  return {
    binary: typeof data !== 'string',
    compress: true,
    fin: true,
    mask: !isServer,
    ...options
  };
}

READY_STATES.forEach((name, value) => {
  const descriptor = { enumerable: true, value };
  Object.defineProperty(WebSocket, name, descriptor);
  Object.defineProperty(WebSocket.prototype, name, descriptor);
});

for (const name of [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url'
]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}

mixInEventTarget(WebSocket);

module.exports = WebSocket;
