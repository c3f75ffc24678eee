'use strict';

const EventEmitter = require('events');
const { Writable } = require('stream');

const { toBinaryType } = require('./binary-type');
const { ConnectionReceiver, ConnectionSender } = require('./compat/connection-halves');
const { BINARY_TYPES, NO_CLOSE_CODE } = require('./constants');
const { createTransportError } = require('./errors');
const { createProtocolError, kErrorCode } = require('./native/protocol-errors');
const { mixInEventTarget } = require('./event-target');
const events = require('./events');
const { ClientHandshake, abortHandshake } = require('./handshake/client');
const { adoptSocket, replaceSocket } = require('./link/adopt-socket');
const { claim } = require('./link/claimed-sockets');
const { DeferringEndpoint } = require('./link/deferring-endpoint');
const { acceptSocketOf, handleOf } = require('./link/node-socket');
const { StreamLink } = require('./link/stream-link');
const native = require('./native/addon');
const { compressionFor, negotiated } = require('./native/compression');
const { setEndpoint } = require('./native/dispatch');
const { nextTick } = require('./native/realm');
const seam = require('./native/seam');
const { settingsFor } = require('./native/settings');
const { INITIAL_STATE, RareState } = require('./rare-state');
const { AutoPong } = require('./sending/auto-pong');
const { callbackOf } = require('./sending/callback');
const { closeReason, controlPayload } = require('./sending/control-payload');
const { Outgoing, makeMask } = require('./sending/outgoing');
const { sendOptions } = require('./sending/send-options');
const {
  kBroken,
  kConcluded,
  kFail,
  kGiveUp,
  kHandle,
  kIsAttached,
  kLink,
  kOnClosed,
  kOnCompressed,
  kOnMessage,
  kOnOutput,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnReleased,
  kOnWritten,
  kOpen,
  kOptions,
  kOutgoing,
  kOwnMethods,
  kPinged,
  kReplaceSocket,
  kSendFailed,
  kSetOptions,
  kSetPlain,
  kSetRequest,
  kSetUrl,
  kSocket,
  kStreamClosed,
  kWantsText,
  kWasClean
} = require('./symbols');
const Receiver = require('./receiver');
const { isBlob, sizeOf, toPayload } = require('./validation');

const { FIN, MASK } = seam.flag;
const { BINARY, PING, PONG, TEXT } = seam.opcode;

// As constants, since `native` has too many members for V8 to know them: 2% of a message of 20 bytes.
const { send: sendBytes, sendText } = native;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const READY_STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const CLOSED_EARLY = 'WebSocket was closed before the connection was established';

// The bits that go with every frame (FIN once there is a connection, MASK of a client), and, which
// the addon does not look at: whether send() may pass data straight on, since there is no mask of the
// user's, no unfinished message, no queue, no compression; the place of `binaryType` in BINARY_TYPES;
// whether pings are answered.
const kFlags = Symbol('wsuv.flags');
const IS_PLAIN = 0x10000;
const BINARY_TYPE_BITS = 0x60000;
const BINARY_TYPE_SHIFT = 17;
const AUTO_PONG = 0x80000;

// The HTTP server that counts the connection, while it has no socket that would tell it.
const kServer = Symbol('wsuv.server');
// A RareState to be read, and a method that gives one to be written to.
const kRare = Symbol('wsuv.rare');
const kRarely = Symbol('wsuv.rarely');
// Methods.
const kAnswerClose = Symbol('wsuv.answerClose');
const kAfterSocket = Symbol('wsuv.afterSocket');
const kEmitErrorOnce = Symbol('wsuv.emitErrorOnce');
const kInTurn = Symbol('wsuv.inTurn');
const kMaskCloseFrame = Symbol('wsuv.maskCloseFrame');
const kRefuse = Symbol('wsuv.refuse');
const kSendControl = Symbol('wsuv.sendControl');
const kSendWith = Symbol('wsuv.sendWith');
const kSetReading = Symbol('wsuv.setReading');

/**
 * What EventEmitter keeps listeners in, as an object with a shape of its own: 150 bytes less than the
 * dictionary that EventEmitter makes, which is a seventh of an idle connection.
 */
function Listeners() {}
Listeners.prototype = Object.freeze(Object.create(null));

/**
 * One end of a WebSocket connection, with the API of ws. Protocol and transport are in the addon,
 * where a connection is an integer handle; this class keeps what users see of it, and owns the state:
 * `readyState`, and what 'close' will say.
 *
 * Members that begin with an underscore are those of ws that dependents reach for. What is ours has
 * symbols for names (symbols.js where other files use them), so that subclasses may use any name.
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
    this[kHandle] = 0;
    this._readyState = CONNECTING;
    this[kFlags] = IS_PLAIN | (address === null ? 0 : MASK);
    this._protocol = '';
    this[kOptions] = options;
    this[kSocket] = null;
    this[kServer] = null;
    this[kRare] = INITIAL_STATE;

    if (address !== null) {
      new ClientHandshake(this, address, protocols, options);
      ({ [kOptions]: options } = this);
    }
    if (options.autoPong) this[kFlags] |= AUTO_PONG;
  }

  /** @type {String} what binary messages come as: nodebuffer, arraybuffer, fragments or blob */
  get binaryType() {
    return BINARY_TYPES[(this[kFlags] & BINARY_TYPE_BITS) >> BINARY_TYPE_SHIFT];
  }

  set binaryType(type) {
    const index = BINARY_TYPES.indexOf(type);
    if (index < 0) return;
    this[kFlags] = (this[kFlags] & ~BINARY_TYPE_BITS) | (index << BINARY_TYPE_SHIFT);
  }

  /** @type {Number} bytes that were sent and that the kernel (or the stream) has not taken yet */
  get bufferedAmount() {
    const { bufferedAfterClose, link, outgoing } = this[kRare];
    const queued = outgoing === null ? 0 : outgoing.bytes;
    return bufferedAfterClose + queued + link.buffered(this[kHandle]);
  }

  /** @type {String} the names of the extensions in use */
  get extensions() {
    const { extensions } = this[kRare];
    return extensions === null ? '' : Object.keys(extensions).join();
  }

  /** The negotiated extensions, by name. */
  get _extensions() {
    return this[kRare].extensions ?? (this[kRarely]().extensions = {});
  }

  set _extensions(extensions) {
    this[kRarely]().extensions = extensions;
  }

  /** @type {Boolean} */
  get isPaused() {
    return this[kRare].paused;
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
    return this[kRare].url;
  }

  /** @type {Boolean} whether this is a server's end, whose frames are not masked */
  get _isServer() {
    return (this[kFlags] & MASK) === 0;
  }

  set _isServer(isServer) {
    this[kFlags] = isServer ? this[kFlags] & ~MASK : this[kFlags] | MASK;
  }

  /** A client's request, until it is answered. */
  get _req() {
    return this[kRare].req;
  }

  /**
   * The socket under the connection: the stream that it was given, or, where the addon owns the
   * descriptor, a Duplex that is made when somebody asks for it (remoteAddress, mostly).
   *
   * @type {(Duplex|null)}
   */
  get _socket() {
    if (this[kSocket] === null && this[kIsAttached]) {
      const socket = this[kLink].socketOf(this[kHandle], this[kServer]);
      this[kSocket] = socket;
      // It tells the server; one that has ended already does not.
      if (socket._server !== null) this[kServer] = null;
    }
    return this[kSocket];
  }

  /** @type {Boolean} */
  get _closeFrameReceived() {
    return this[kRare].closeFrameReceived;
  }

  /** @type {Boolean} */
  get _closeFrameSent() {
    return this[kRare].closeFrameSent;
  }

  /** The writing half of the connection, made when somebody asks for it; see Sender. */
  get _sender() {
    if (this[kRare].sender === null && this[kIsAttached]) {
      this[kRarely]().sender = new ConnectionSender(this);
    }
    return this[kRare].sender;
  }

  /** The reading half of the connection, made when somebody asks for it; see Receiver. */
  get _receiver() {
    if (this[kRare].receiver === null && this[kIsAttached]) {
      this[kRarely]().receiver = new ConnectionReceiver(this);
    }
    return this[kRare].receiver;
  }

  get [kIsAttached]() {
    return (this[kFlags] & FIN) !== 0;
  }

  get [kLink]() {
    return this[kRare].link;
  }

  get [kWantsText]() {
    return false;
  }

  get [kWasClean]() {
    return this[kRare].closeFrameReceived && this[kRare].closeFrameSent;
  }

  // The object of this connection's own for what is not as it was at the beginning.
  [kRarely]() {
    if (this[kRare] === INITIAL_STATE) this[kRare] = new RareState();
    return this[kRare];
  }

  [kOutgoing]() {
    return this[kRare].outgoing ?? (this[kRarely]().outgoing = new Outgoing(this, null));
  }

  // What a client's handshake says.

  [kSetUrl](url) {
    this[kRarely]().url = url;
  }

  [kSetRequest](req) {
    this[kRarely]().req = req;
  }

  [kSetOptions](options) {
    this[kOptions] = options;
  }

  [kGiveUp]() {
    this._readyState = CLOSING;
  }

  [kFail](error) {
    this._readyState = CLOSING;
    this[kRarely]().errorEmitted = true;
    this.emit('error', error);
    this.emitClose();
  }

  /**
   * Attaches a stream after the opening handshake.
   *
   * @param {Duplex} socket
   * @param {Buffer} head what was read already and belongs to the first frames
   * @param {Object} options limits and time-outs
   */
  setSocket(socket, head, options) {
    if (options !== this[kOptions]) this[kOptions] = optionsOf(this[kOptions], options);
    this[kSocket] = socket;
    claim(socket);
    const settings = settingsFor(this[kOptions]);
    const own = handleOf(socket);
    if (own !== undefined && !own.isDecided) {
      // Of a server's own port: the addon has it already.
      native.acceptWith(own.id, settings, '');
      acceptSocketOf(socket);
      this[kOpen](own.id);
      return;
    }
    let handle = adoptSocket(socket, head, settings, this._isServer);
    if (handle === 0) {
      const link = new StreamLink(this, socket, head, settings);
      this[kRarely]().link = link;
      ({ handle } = link);
    }
    this[kOpen](handle);
  }

  // Attaches the connection of a server's socket that nobody knows, and sends the response to the
  // opening handshake. The socket is of no use afterwards; `_socket` makes another one.
  [kReplaceSocket](socket, head, response) {
    const server = socket._server;
    const handle = replaceSocket(socket, head, settingsFor(this[kOptions]));
    if (handle === 0) return false;
    this[kServer] = server;
    native.sendRaw(handle, Buffer.from(response));
    this[kOpen](handle);
    return true;
  }

  [kOpen](handle) {
    const { allowSynchronousEvents, generateMask } = this[kOptions];
    this[kHandle] = handle;
    this[kFlags] |= FIN;
    const perMessageDeflate = negotiated(this[kRare].extensions);
    if (perMessageDeflate !== undefined) {
      const compression = compressionFor(perMessageDeflate);
      native.useCompression(handle, compression.external);
      this[kRarely]().outgoing = new Outgoing(this, compression);
    }
    this[kSetPlain](perMessageDeflate === undefined && !generateMask);
    const isDeferred = allowSynchronousEvents !== undefined && !allowSynchronousEvents;
    setEndpoint(
      handle,
      isDeferred ? new DeferringEndpoint(this, (isReading) => this[kSetReading](isReading)) : this
    );
    // What came behind the opening handshake is read in the next tick, as a stream does when somebody
    // begins to listen: behind 'open', and in front of what its listeners put off.
    if (native.isHeld(handle)) nextTick(readHeld, this);
    // Tracers patch it, to see what its listeners do.
    if (Receiver.prototype.on !== addToStream) void this._receiver;
    this._readyState = OPEN;
    events.opened(this);
    this.emit('open');
  }

  [kSetPlain](isPlain) {
    this[kFlags] = isPlain ? this[kFlags] | IS_PLAIN : this[kFlags] & ~IS_PLAIN;
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
      this[kRefuse](data, cb);
      return;
    }
    if (cb !== undefined && typeof cb !== 'function') cb = callbackOf(cb);
    const flags = this[kFlags];
    if (options === undefined && (flags & IS_PLAIN) !== 0) {
      if (typeof data === 'string') {
        sendText(this[kHandle], data, flags | TEXT);
        this[kRare].link.pump(this[kHandle], cb);
        return;
      }
      // One that is empty may be detached, which toPayload() finds out.
      if (data instanceof Uint8Array && data.length > 0) {
        sendBytes(this[kHandle], data, flags | BINARY);
        this[kRare].link.pump(this[kHandle], cb);
        return;
      }
    }
    this[kSendWith](data, options, cb);
  }

  // send() with options, or of what is neither text nor bytes.
  [kSendWith](data, options, cb) {
    const all = sendOptions(options, data, this._isServer);
    if (!all.fin || (this[kFlags] & IS_PLAIN) === 0) {
      this[kOutgoing]().send(data, all, cb);
      return;
    }
    const opcode = all.binary ? BINARY : TEXT;
    const flags = opcode | FIN | (all.mask ? MASK : 0);
    if (typeof data === 'string') {
      sendText(this[kHandle], data, flags);
    } else {
      const payload = data instanceof Uint8Array && data.length > 0 ? data : toPayload(data);
      if (isBlob(payload)) {
        this[kOutgoing]().send(payload, all, cb);
        return;
      }
      sendBytes(this[kHandle], payload, flags);
    }
    this[kRare].link.pump(this[kHandle], cb);
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
    this[kSendControl](PING, data, mask, cb);
  }

  /**
   * Sends a pong; the parameters are those of ping().
   *
   * @param {*} [data]
   * @param {Boolean} [mask]
   * @param {Function} [cb]
   */
  pong(data, mask, cb) {
    this[kSendControl](PONG, data, mask, cb);
  }

  [kSendControl](opcode, data, mask, cb) {
    if (typeof data === 'function') {
      cb = data;
      data = mask = undefined;
    } else if (typeof mask === 'function') {
      cb = mask;
      mask = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (this._readyState !== OPEN) {
      this[kRefuse](data, cb);
      return;
    }
    if (cb !== undefined && typeof cb !== 'function') cb = callbackOf(cb);
    if (mask === undefined) mask = !this._isServer;
    const payload = controlPayload(data);
    const flags = opcode | (mask ? MASK : 0);
    if ((this[kFlags] & IS_PLAIN) !== 0 && !isBlob(payload)) {
      sendBytes(this[kHandle], payload, flags | FIN);
      this[kRare].link.pump(this[kHandle], cb);
    } else {
      this[kOutgoing]().sendControl(payload, flags, cb);
    }
  }

  // send(), ping() and pong() in any other state than OPEN.
  [kRefuse](data, cb) {
    if (this._readyState === CONNECTING) {
      throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
    }
    if (data) this[kRarely]().bufferedAfterClose += sizeOf(toPayload(data));
    if (cb) {
      const state = READY_STATES[this._readyState];
      const error = new Error(`WebSocket is not open: readyState ${this._readyState} (${state})`);
      process.nextTick(cb, error);
    }
  }

  // A Blob could not be read: no message can be left out, so the connection ends.
  [kSendFailed](error) {
    if (this._readyState === CLOSED) return;
    this._readyState = CLOSING;
    if (this[kHandle] !== 0) {
      native.endTransport(this[kHandle]);
      this[kLink].pump(this[kHandle]);
    }
    this[kEmitErrorOnce](error);
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
    if (this[kRare].isAnswerDue) {
      this[kAnswerClose]();
      return;
    }
    if (this._readyState === CLOSED || this._readyState === CLOSING) return;
    if (this._readyState === CONNECTING) {
      abortHandshake(this, this._req, CLOSED_EARLY);
      return;
    }
    const reason = closeReason(code, data);
    this._readyState = CLOSING;
    this[kInTurn](() => {
      this[kMaskCloseFrame]();
      native.close(this[kHandle], code === undefined ? NO_CLOSE_CODE : code, reason);
      this[kRarely]().closeFrameSent = true;
    });
  }

  // Runs what sends something, behind what is still being read or compressed.
  [kInTurn](send) {
    const { link, outgoing } = this[kRare];
    if (outgoing !== null) {
      outgoing.inTurn(send);
    } else {
      send();
      link.pump(this[kHandle]);
    }
  }

  // The addon is about to send a close frame, perhaps.
  [kMaskCloseFrame]() {
    if (this._isServer || this[kRare].closeFrameSent) return;
    const key = makeMask(this[kOptions]);
    if (key !== undefined) native.setNextMaskingKey(this[kHandle], key);
  }

  /** Drops the connection without a closing handshake. */
  terminate() {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      abortHandshake(this, this._req, CLOSED_EARLY);
      return;
    }
    this._readyState = CLOSING;
    if (this[kHandle] !== 0) this[kLink].terminate(this[kHandle]);
  }

  /** Reads nothing more from the socket. Messages that were read already still come. */
  pause() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this[kRarely]().paused = true;
    this[kSetReading](false);
  }

  /** Undoes pause(). */
  resume() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    if (this[kRare].paused) this[kRarely]().paused = false;
    this[kSetReading](true);
  }

  [kSetReading](isReading) {
    const { link, paused } = this[kRare];
    if (this[kHandle] === 0 || (isReading && paused)) return;
    if (isReading) link.resume(this[kHandle]);
    else link.pause(this[kHandle]);
  }

  /** Emits the last event. */
  emitClose() {
    const { closeCode, closeMessage, receiver } = this[kRare];
    if (receiver !== null) receiver.removeAllListeners();
    this._readyState = CLOSED;
    events.closed(this, closeCode, closeMessage);
    this.emit('close', closeCode, closeMessage);
  }

  [kEmitErrorOnce](error) {
    if (this[kRare].errorEmitted) return;
    this[kRarely]().errorEmitted = true;
    events.failed(this, error);
    this.emit('error', error);
  }

  // What happens on the connection; see lib/native/dispatch.js. Where somebody has the Receiver, its
  // listeners decide what comes of it.

  [kOnMessage](data, isBinary, ends) {
    if (isBinary && (this[kFlags] & BINARY_TYPE_BITS) !== 0) {
      data = toBinaryType(data, this.binaryType, ends);
    }
    (this[kRare].receiver ?? this).emit('message', data, isBinary);
  }

  [kOnPing](data) {
    const { receiver } = this[kRare];
    if (receiver !== null) receiver.emit('ping', data);
    else this[kPinged](data);
  }

  [kPinged](data) {
    if (this._readyState === OPEN && (this[kFlags] & AUTO_PONG) !== 0) {
      const rare = this[kRarely]();
      rare.autoPong ??= new AutoPong(this, this[kOptions].maxPendingAutoPongs | 0);
      rare.autoPong.answer(data);
    }
    this.emit('ping', data);
  }

  [kOnPong](data) {
    (this[kRare].receiver ?? this).emit('pong', data);
  }

  [kOnPeerClose](code, reason) {
    this[kRarely]().inputEnded = true;
    events.closeFrame(this, code, reason);
    const { receiver } = this[kRare];
    if (receiver === null) {
      this[kConcluded](code, reason);
    } else {
      receiver.emit('conclude', code, reason);
      receiver.end();
    }
  }

  [kConcluded](code, reason) {
    const rare = this[kRarely]();
    rare.closeFrameReceived = true;
    rare.closeCode = code;
    if (reason.length > 0) {
      // Memory of its own, since people keep WebSockets that are closed.
      rare.closeMessage = Buffer.allocUnsafeSlow(reason.length);
      reason.copy(rare.closeMessage);
    }
    if (this.close === own.close) {
      this[kAnswerClose]();
      return;
    }
    // Under ws it is close() that answers: whoever has put something in its place is called.
    rare.isAnswerDue = true;
    if (code === NO_CLOSE_CODE) this.close();
    else this.close(code, rare.closeMessage);
    rare.isAnswerDue = false;
  }

  [kAnswerClose]() {
    const rare = this[kRarely]();
    rare.isAnswerDue = false;
    if (this._readyState === OPEN) this._readyState = CLOSING;
    this[kInTurn](() => {
      this[kMaskCloseFrame]();
      native.reactToClose(this[kHandle], rare.closeCode, rare.closeMessage);
      rare.closeFrameSent = true;
      rare.link.ended(this[kHandle]);
    });
  }

  [kOnProtocolError](index, detail, sentence) {
    this[kRarely]().inputEnded = true;
    const error = createProtocolError(index, detail, sentence);
    const { receiver } = this[kRare];
    if (receiver !== null) receiver.emit('error', error);
    else this[kBroken](error);
  }

  [kBroken](error) {
    const rare = this[kRarely]();
    this[kMaskCloseFrame]();
    native.reactToError(this[kHandle], error[kErrorCode]);
    this._readyState = CLOSING;
    rare.closeFrameSent = true;
    rare.link.pump(this[kHandle]);
    rare.link.ended(this[kHandle]);
    this[kEmitErrorOnce](error);
  }

  [kOnPeerEnd]() {
    const rare = this[kRarely]();
    this._readyState = CLOSING;
    native.reactToEnd(this[kHandle]);
    rare.inputEnded = true;
    rare.link.pump(this[kHandle]);
    rare.link.peerEnded(this[kHandle]);
  }

  [kOnWritten]() {
    this[kLink].written(this[kHandle]);
  }

  [kOnCompressed]() {
    this[kRare].outgoing?.compressed();
  }

  [kOnOutput]() {
    this[kLink].output();
  }

  [kStreamClosed]() {
    this._readyState = CLOSING;
  }

  [kOnReleased](own) {
    const callbacks = this[kRare].link.release(this[kHandle]);
    if (callbacks !== undefined) this[kRarely]().callbacks = callbacks;
    if (own !== undefined) this[kSocket] ??= own.socket;
    this[kHandle] = 0;
  }

  [kOnClosed](status, own) {
    const { [kServer]: server } = this;
    const { callbacks, link, outgoing } = this[kRare];
    this._readyState = CLOSING;
    this[kServer] = null;
    if (callbacks !== null) this[kRarely]().callbacks = null;
    const error = status === 0 ? undefined : createTransportError(status);
    const fail = () => {
      callbacks?.closed(error);
      outgoing?.closed();
    };
    const afterSocket = () => this[kAfterSocket]();
    if (own !== undefined) {
      // Behind the 'error' of the socket, and in front of its 'close'.
      link.closed(own, server, afterSocket, error);
      nextTick(fail);
      return;
    }
    try {
      fail();
    } finally {
      if (!link.closed(own, server, afterSocket, error)) this.emitClose();
    }
  }

  // The socket emits 'close'. As under ws, its listeners hear of an end that came unexpectedly before
  // those of the WebSocket do.
  [kAfterSocket]() {
    if (this[kRare].inputEnded) this.emitClose();
    else nextTick(() => this.emitClose());
  }
}

function readHeld(ws) {
  if (ws[kHandle] !== 0) native.readHeld(ws[kHandle]);
}

// The methods that users may put something in the place of, as they are: whoever did is called where
// ws would call them.
const own = {
  close: WebSocket.prototype.close,
  setSocket: WebSocket.prototype.setSocket
};
Object.defineProperty(WebSocket, kOwnMethods, { value: own });
const { on: addToStream } = Writable.prototype;

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
