'use strict';

const EventEmitter = require('events');
const { Writable } = require('stream');

const { mixInMembers, ownerOf } = require('./compat/members');
const {
  AUTO_PONG,
  BINARY_TYPE_BITS,
  BINARY_TYPE_SHIFT,
  IS_PLAIN,
  KEEPING,
  holder,
  kFlags
} = require('./connection-flags');
const { BINARY_TYPES, NO_CLOSE_CODE, READY_STATES } = require('./constants');
const { mixInEventTarget } = require('./event-target');
const { mixInPieces } = require('./messages/pieces');
const native = require('./native/addon');
const { nextTick } = require('./native/realm');
const seam = require('./native/seam');
const { loadMessages, mixInMessages } = require('./sending/messages');
const {
  kBeginEnd,
  kBroken,
  kConcluded,
  kCountRefused,
  kFail,
  kHandle,
  kIsAttached,
  kLeaveServer,
  kLink,
  kLoad,
  kOnClosed,
  kOnCompressed,
  kOnFailed,
  kOnMessage,
  kOnOutput,
  kOnPeerClose,
  kOnPeerEnd,
  kOnPing,
  kOnPong,
  kOnProtocolError,
  kOnReleased,
  kOnStream,
  kOnWritten,
  kOpen,
  kOptions,
  kOutgoing,
  kOwnMethods,
  kPinged,
  kRare,
  kRarely,
  kReplaceSocket,
  kSendFailed,
  kServer,
  kSetOptions,
  kSendByName,
  kSetPlain,
  kSetReading,
  kSetRequest,
  kSetUrl,
  kSocket,
  kStreamEnded,
  kTakeFault,
  kUseLink,
  kWantsText,
  kWasClean
} = require('./symbols');
const { lazy } = require('./lazy');
const Receiver = require('./receiver');
const Sender = require('./sender');

const { FIN, MASK } = seam.flag;

// What only connections need comes with the first WebSocket.
let attach, ending, events, replaceSocket, setEndpoint, toBinaryType;
let AutoPong, INITIAL_STATE, Listeners, Outgoing, RareState;
let compressionFor, keepEnteredStores, negotiated, optionsOf, settingsFor;
const load = lazy(() => {
  ({ toBinaryType } = require('./binary-type'));
  ending = require('./ending');
  events = require('./events');
  ({ replaceSocket } = require('./link/adopt-socket'));
  ({ attach } = require('./link/attach'));
  ({ Listeners } = require('./listeners'));
  ({ compressionFor, negotiated } = require('./native/compression'));
  ({ setEndpoint } = require('./native/dispatch'));
  ({ keepEnteredStores } = require('./native/entered-stores'));
  ({ optionsOf, settingsFor } = require('./native/settings'));
  ({ INITIAL_STATE, RareState } = require('./rare-state'));
  ({ AutoPong } = require('./sending/auto-pong'));
  ({ Outgoing } = require('./sending/outgoing'));
  loadMessages();
  return true;
});
const client = lazy(() => require('./handshake/client'));
const deferring = lazy(() => require('./link/deferring-endpoint'));
const incoming = lazy(() => require('./messages/incoming-streams'));
const firstListener = lazy(() => require('./messages/first-listener'));

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const CLOSED_EARLY = 'WebSocket was closed before the connection was established';

const kEndpointFor = Symbol('wsuv.endpointFor');

/**
 * One end of a WebSocket connection, with the API of ws. Protocol and transport are in the addon,
 * where a connection is an integer handle; this class keeps what users see of it, and owns the state:
 * `readyState`, and what 'close' will say. send(), ping() and pong() are in sending/messages.js; how it
 * ends is in ending.js.
 *
 * Members that begin with an underscore are those of ws that dependents reach for; most of them are in
 * compat/members.js. What is ours has symbols for names (symbols.js where other files use them), so
 * that subclasses may use any name.
 */
class WebSocket extends EventEmitter {
  /**
   * @param {(String|URL|null)} address where to connect; null makes an unattached object, to be
   *     given a socket by setSocket()
   * @param {(String|String[])} [protocols] the subprotocols to offer
   * @param {Object} [options] these, and whatever http.request() and tls.connect() take
   * @param {Boolean} [options.allowSynchronousEvents=true] whether 'message', 'ping' and 'pong' may
   *     come several times in a turn of the event loop
   * @param {Boolean} [options.autoPong=true] whether pings are answered
   * @param {Number} [options.closeTimeout=30000] milliseconds from our close frame until the
   *     connection is dropped
   * @param {Function} [options.finishRequest] called with each request and the WebSocket before the
   *     request is sent, which it has to do itself
   * @param {Boolean} [options.followRedirects=false] whether redirects are followed
   * @param {Function} [options.generateMask] fills the four bytes that it is given with a masking key
   * @param {Number} [options.handshakeTimeout] milliseconds for the answer to each request
   * @param {Number} [options.maxBufferedChunks=262144] reads over which one frame may be spread
   * @param {Number} [options.maxFragments=16384] frames that a message may have
   * @param {Number} [options.maxFrameSize=0] bytes that a frame may have: longer messages are sent in
   *     several; 0 for no limit
   * @param {Number} [options.maxPayload=104857600] bytes of the largest message
   * @param {Number} [options.maxPendingAutoPongs=60] answers to pings that may wait to be written;
   *     at one more the connection is dropped
   * @param {Number} [options.maxStreamLength=0] bytes of the largest message that comes as 'stream'
   * @param {Number} [options.maxRedirects=10] how many redirects are followed
   * @param {String} [options.origin] for the Origin header
   * @param {(Boolean|Object)} [options.perMessageDeflate=true] whether compression is offered, and
   *     with what options; see docs/api.md
   * @param {Number} [options.protocolVersion=13] for the Sec-WebSocket-Version header: 13 or 8
   * @param {(String|String[])} [options.protocols] the subprotocols, where there is no second argument
   * @param {Boolean} [options.skipUTF8Validation=false] whether text and close reasons may be no UTF-8
   * @param {Number} [options.streamThreshold=0] longer messages, and those in several frames, come as
   *     'stream'; 0: none does
   * @param {Boolean} [options.waitForListener=false] whether nothing is read before somebody listens
   *     for messages or iterates
   * @throws {SyntaxError} for an address or a subprotocol that is none
   * @throws {RangeError} for a protocol version, or a maxFrameSize, that is none
   * @throws {TypeError} for a maxFrameSize that is no number
   */
  constructor(address, protocols, options) {
    super();
    load();

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
      new (client().ClientHandshake)(this, address, protocols, options);
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
    ownerOf(this)[kFlags] = (this[kFlags] & ~BINARY_TYPE_BITS) | (index << BINARY_TYPE_SHIFT);
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
    if (this[kRare] === INITIAL_STATE) ownerOf(this)[kRare] = new RareState();
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

  // Nothing more is sent: it is closing, or has nothing to send on.
  [kBeginEnd]() {
    this._readyState = CLOSING;
  }

  // Gives the server back that counts it among its connections, if there is one.
  [kLeaveServer]() {
    const { [kServer]: server } = this;
    this[kServer] = null;
    return server;
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
    this[kOpen](attach(this, socket, head, settingsFor(this[kOptions])));
  }

  [kUseLink](link) {
    this[kRarely]().link = link;
  }

  // Attaches the connection of a server's socket that nobody knows, and sends the response to the
  // opening handshake. The socket is of no use afterwards; `_socket` makes another one.
  [kReplaceSocket](socket, head, response) {
    const server = socket._server;
    const handle = replaceSocket(socket, head, settingsFor(this[kOptions]));
    if (handle === 0) return false;
    this[kServer] = server;
    native.sendResponse(handle, Buffer.from(response));
    this[kOpen](handle);
    return true;
  }

  [kOpen](handle) {
    const { generateMask, maxFrameSize, waitForListener } = this[kOptions];
    this[kHandle] = handle;
    this[kFlags] |= FIN;
    const perMessageDeflate = negotiated(this[kRare].extensions);
    if (perMessageDeflate !== undefined) {
      const compression = compressionFor(perMessageDeflate);
      native.useCompression(handle, compression.external);
      this[kRarely]().outgoing = new Outgoing(this, compression);
    }
    if (isSenderPatched()) this[kSendByName]();
    else this[kSetPlain](perMessageDeflate === undefined && !generateMask && !maxFrameSize);
    setEndpoint(handle, this[kEndpointFor](this[kOptions]));
    if (waitForListener && !this[kWantsText]) firstListener().waitForFirstListener(this);
    if (this[kRare].holds !== 0) this[kSetReading](false);
    // What came behind the opening handshake is read in the next tick, as a stream does when somebody
    // begins to listen: behind 'open', and in front of what its listeners put off.
    if (native.isHeld(handle)) nextTick(readHeld, this);
    // Tracers patch it, to see what its listeners do.
    if (Receiver.prototype.on !== addToStream) void this._receiver;
    this._readyState = OPEN;
    events.opened(this);
    this.emit('open');
    if (!this._isServer && this[kHandle] !== 0) keepEnteredStores(this[kHandle]);
  }

  // What gets the connection's events first.
  [kEndpointFor]({ allowSynchronousEvents, streamThreshold }) {
    let endpoint = this;
    const setReading = (who) => (isReading) => this[kSetReading](isReading, who);
    if (allowSynchronousEvents !== undefined && !allowSynchronousEvents) {
      endpoint = new (deferring().DeferringEndpoint)(endpoint, setReading(holder.DEFERRING));
    }
    if (streamThreshold > 0) {
      const setLending = (isLending) => native.lendPieces(this[kHandle], isLending);
      endpoint = new (incoming().IncomingStreams)(endpoint, setReading(holder.STREAMS), setLending);
    }
    return endpoint;
  }

  [kSetPlain](isPlain) {
    this[kFlags] =
      isPlain && !this[kRare].sendsByName ? this[kFlags] | IS_PLAIN : this[kFlags] & ~IS_PLAIN;
  }

  // Whoever has put something in the place of the Sender's methods is called, as under ws.
  [kSendByName]() {
    this[kRarely]().sendsByName = true;
    this[kSetPlain](false);
  }

  [kCountRefused](size) {
    this[kRarely]().bufferedAfterClose += size;
  }

  // A Blob could not be read: no message can be left out, so the connection ends.
  [kSendFailed](error) {
    if (this._readyState === CLOSED) return;
    this._readyState = CLOSING;
    if (this[kHandle] !== 0) {
      native.endTransport(this[kHandle]);
      this[kLink].output();
    }
    ending.emitErrorOnce(this, error);
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
      ending.answerClose(this);
      return;
    }
    if (this._readyState === CLOSED || this._readyState === CLOSING) return;
    if (this._readyState === CONNECTING) {
      client().abortHandshake(this, this._req, CLOSED_EARLY);
      return;
    }
    ending.sendClose(this, code, data);
  }

  /** Drops the connection without a closing handshake. */
  terminate() {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      client().abortHandshake(this, this._req, CLOSED_EARLY);
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

  // `who` is one of those (see `holder`) who stop the connection besides the user; each has to let go.
  [kSetReading](isReading, who = 0) {
    if (who !== 0) {
      const rare = this[kRarely]();
      rare.holds = isReading ? rare.holds & ~who : rare.holds | who;
    }
    const { holds, link, paused } = this[kRare];
    if (this[kHandle] === 0 || (isReading && (paused || holds !== 0))) return;
    if (isReading) link.resume(this[kHandle]);
    else link.pause(this[kHandle], (who & KEEPING) !== 0);
  }

  /** Emits the last event. */
  emitClose() {
    const { closeCode, closeMessage, receiver } = this[kRare];
    if (receiver !== null) receiver.removeAllListeners();
    this._readyState = CLOSED;
    events.closed(this, closeCode, closeMessage);
    this.emit('close', closeCode, closeMessage);
  }

  // What happens on the connection; see lib/native/dispatch.js. Where somebody has the Receiver, its
  // listeners decide what comes of it.

  [kOnMessage](data, isBinary, ends) {
    if (isBinary && (this[kFlags] & BINARY_TYPE_BITS) !== 0) {
      data = toBinaryType(data, this.binaryType, ends);
    }
    (this[kRare].receiver ?? this).emit('message', data, isBinary);
  }

  [kOnStream](stream, isBinary) {
    incoming().offer(this, stream, isBinary);
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
      ending.answerClose(this);
      return;
    }
    // Under ws it is close() that answers: whoever has put something in its place is called.
    rare.isAnswerDue = true;
    if (code === NO_CLOSE_CODE) this.close();
    else this.close(code, rare.closeMessage);
    rare.isAnswerDue = false;
  }

  [kOnProtocolError](index, detail, sentence) {
    ending.faulted(this, index, detail, sentence);
  }

  [kTakeFault]() {
    return ending.takeFault(this);
  }

  [kBroken](error) {
    ending.broken(this, error);
  }

  [kOnPeerEnd]() {
    ending.peerEnded(this);
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

  // The program has ended the socket.
  [kStreamEnded]() {
    if (this._readyState === OPEN) this[kUseLink](this[kLink].afterEnd);
  }

  [kOnFailed](status) {
    ending.failed(this, status);
  }

  [kOnReleased](socketHandle) {
    const callbacks = this[kRare].link.release(this[kHandle]);
    if (callbacks !== undefined) this[kRarely]().callbacks = callbacks;
    if (socketHandle !== undefined) this[kSocket] ??= socketHandle.socket;
    this[kHandle] = 0;
  }

  [kOnClosed](status, socketHandle) {
    ending.closed(this, status, socketHandle);
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
Object.defineProperties(WebSocket, { [kLoad]: { value: load }, [kOwnMethods]: { value: own } });
const { on: addToStream } = Writable.prototype;

function isSenderPatched() {
  const { prototype, [kOwnMethods]: methods } = Sender;
  return (
    prototype.send !== methods.send ||
    prototype.ping !== methods.ping ||
    prototype.pong !== methods.pong ||
    prototype.close !== methods.close
  );
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
mixInMembers(WebSocket);
mixInMessages(WebSocket);
mixInPieces(WebSocket);

module.exports = WebSocket;
