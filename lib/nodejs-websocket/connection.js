'use strict';

const EventEmitter = require('events');
const { getDefaultHighWaterMark } = require('stream');

const { ABNORMAL_CLOSURE, NO_CLOSE_CODE } = require('../constants');
const { createDestroyedError } = require('../errors');
const { closeCodeOf } = require('../native/protocol-errors');
const { handshakeError, isPlainEnd } = require('./handshake-error');
const { limits } = require('./limits');
const { InStream, OutStream, breakOff } = require('./streams');
const {
  kAdd,
  kAnswered,
  kAttach,
  kBinary,
  kBinaryAborted,
  kBinarySent,
  kEnded,
  kFailed,
  kOpened,
  kPeerClosed,
  kPeerEnded,
  kPong,
  kRemove,
  kSendFragment,
  kStream,
  kText
} = require('./symbols');

const SWITCHING_PROTOCOLS = 101;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const NOT_OPEN = "You can't write to a non-open connection";
const TEXT_IN_BINARY = "You can't send a text frame until you finish sending binary frames";
const BINARY_IN_BINARY =
  "You can't send more binary frames until you finish sending the previous binary frames";

const TEXT = { binary: false };
// RFC 6455 7.4.1: something unexpected has kept us from going on.
const INTERNAL_ERROR = 1011;

// Of net.Socket, whose write() says whether so much waits.
const HIGH_WATER_MARK = getDefaultHighWaterMark(false);

const kAnswer = Symbol('wsuv.answer');
const kChannel = Symbol('wsuv.channel');
const kEarlySocket = Symbol('wsuv.earlySocket');
const kIsToldClosed = Symbol('wsuv.isToldClosed');
const kMaySend = Symbol('wsuv.maySend');
const kSend = Symbol('wsuv.send');
const kTellClosed = Symbol('wsuv.tellClosed');
const kTellBroken = Symbol('wsuv.tellBroken');
const kUnsettled = Symbol('wsuv.unsettled');

/**
 * One end of a connection, with the API of nodejs-websocket.
 *
 * Emits 'connect', 'text' (string), 'binary' (a Readable), 'pong' (string), 'close' (code, reason)
 * once, and 'error' (error). Of what a peer or the network does wrong there is an 'error' only where
 * somebody listens for it, since it need not end the process.
 */
class Connection extends EventEmitter {
  /**
   * @param {Object} members
   * @param {(Server|null)} members.server of a server's end
   * @param {(String|null)} members.path
   * @param {(String|null)} members.host of a client
   * @param {Object} [members.extraHeaders] of a client
   * @param {String[]} members.protocols that are offered
   * @param {function(): net.Socket} earlySocket the socket, as long as no WebSocket has it
   */
  constructor({ server, path, host, extraHeaders, protocols }, earlySocket) {
    super();
    this.server = server;
    this.path = path;
    this.host = host;
    this.extraHeaders = extraHeaders;
    this.protocols = protocols;
    /** @type {(String|undefined)} the subprotocol in use */
    this.protocol = undefined;
    this.readyState = CONNECTING;
    /** @type {(OutStream|null)} the binary stream that is being sent */
    this.outStream = null;
    /** @type {(String|null)} the Sec-WebSocket-Key */
    this.key = null;
    /** @type {Object<String>} of the peer's part of the handshake, by their names in lower case */
    this.headers = {};
    this[kAnswer] = null;
    this[kChannel] = null;
    this[kEarlySocket] = earlySocket;
    this[kIsToldClosed] = false;
    this[kUnsettled] = 0;
  }

  /** @type {net.Socket} the socket under the connection */
  get socket() {
    return this[kChannel]?._socket ?? this[kEarlySocket]();
  }

  [kAttach](channel) {
    this[kChannel] = channel;
    if (this.server !== null) this[kEarlySocket] = null;
    channel.belongTo(this);
  }

  /**
   * Sends a text.
   *
   * @param {String} str
   * @param {Function} [callback] called when the kernel has taken it, or with an error
   * @return {(Boolean|undefined)} false if so much waits that the caller should; undefined if it
   *     could not be sent, which is an 'error'
   * @throws {TypeError} for what is no text, and for a callback that is none
   */
  sendText(str, callback) {
    if (!this[kMaySend](TEXT_IN_BINARY)) return undefined;
    return typeof str === 'string'
      ? this[kSend](str, undefined, callback)
      : this[kSend](Buffer.from(str), TEXT, callback);
  }

  /**
   * Sends a binary message.
   *
   * @param {(Buffer|Uint8Array)} data
   * @param {Function} [callback]
   * @return {(Boolean|undefined)} as sendText()
   * @throws {TypeError}
   */
  sendBinary(data, callback) {
    if (!this[kMaySend](BINARY_IN_BINARY)) return undefined;
    if (!(data instanceof Uint8Array) && !Buffer.isBuffer(data)) {
      throw new TypeError(`The data to send must be a Buffer; got ${typeof data}`);
    }
    return this[kSend](data, undefined, callback);
  }

  /**
   * Begins a binary message whose data is written to a stream. Until that has finished, nothing else
   * can be sent but pings.
   *
   * @return {(OutStream|undefined)} undefined if it could not begin, which is an 'error'
   */
  beginBinary() {
    if (!this[kMaySend](BINARY_IN_BINARY)) return undefined;
    this.outStream = new OutStream(this, limits.binaryFragmentation);
    return this.outStream;
  }

  /**
   * Sends a string as text, or a Buffer as a binary message.
   *
   * @param {(String|Buffer)} data
   * @param {Function} [callback]
   * @throws {TypeError}
   */
  send(data, callback) {
    if (typeof data === 'string') this.sendText(data, callback);
    else if (Buffer.isBuffer(data)) this.sendBinary(data, callback);
    else throw new TypeError('data should be either a string or a Buffer instance');
  }

  /**
   * Sends a ping.
   *
   * @param {String} [data] at most 125 bytes
   * @throws {(TypeError|RangeError)}
   */
  sendPing(data) {
    if (this.readyState === OPEN) this[kChannel].ping(Buffer.from(data || ''));
    else this.emit('error', new Error(NOT_OPEN));
  }

  /**
   * Begins the closing handshake. A second call does not wait for the peer any more.
   *
   * @param {Number} [code]
   * @param {String} [reason] at most 123 bytes
   * @throws {TypeError} for a code that may not be sent
   * @throws {RangeError} for a longer reason
   */
  close(code, reason) {
    if (this.readyState === OPEN) {
      const hasCode = code !== undefined && code !== NO_CLOSE_CODE;
      if (hasCode) this[kChannel].close(code, reason === undefined ? '' : String(reason));
      else this[kChannel].close();
      this.readyState = CLOSING;
    } else if (this.readyState !== CLOSED) {
      const wasConnecting = this.readyState === CONNECTING;
      this.readyState = CLOSED;
      // A server's end that is not open yet is dropped when it would be.
      if (wasConnecting) this[kChannel]?.terminate();
      else this.socket.end();
    }
    this[kTellClosed](code, reason);
  }

  // Whether a message can begin. Otherwise that is an error of the program's own.
  [kMaySend](problem) {
    if (this.readyState === OPEN && this.outStream === null) return true;
    this.emit('error', new Error(this.readyState === OPEN ? problem : NOT_OPEN));
    return false;
  }

  [kSend](data, options, callback) {
    if (callback && typeof callback !== 'function') {
      throw new TypeError(`The callback must be a function; got ${typeof callback}`);
    }
    const channel = this[kChannel];
    channel.send(data, options, callback || undefined);
    // To look at what waits makes it leave: so it is not done for each message.
    this[kUnsettled] += data.length;
    if (this[kUnsettled] < HIGH_WATER_MARK) return true;
    const { bufferedAmount } = channel;
    this[kUnsettled] = Math.min(bufferedAmount, HIGH_WATER_MARK);
    return bufferedAmount < HIGH_WATER_MARK;
  }

  [kSendFragment](data, isLast, callback) {
    // As in the original, what is written while the connection closes is dropped.
    if (this.readyState === OPEN)
      this[kChannel].send(data, { binary: true, fin: isLast }, callback);
    else callback(null);
  }

  [kBinarySent](stream) {
    if (this.outStream === stream) this.outStream = null;
  }

  // A message that has begun can neither be ended nor be taken back.
  [kBinaryAborted]() {
    if (this.readyState === OPEN) this.close(INTERNAL_ERROR, 'A message was broken off');
  }

  // What happens on the connection.

  [kAnswered](response) {
    this[kAnswer] = response;
    if (response.statusCode === SWITCHING_PROTOCOLS) this.headers = response.headers;
  }

  [kOpened]() {
    this.readyState = OPEN;
    this[kAnswer] = null;
    if (this.server === null) this.protocol = this.headers['sec-websocket-protocol'];
    // As a listener of this event, so that who begins to listen then does not hear of it.
    if (this.server !== null) this.prependOnceListener('connect', add);
    this.emit('connect');
  }

  [kText](text) {
    if (this.readyState === OPEN) this.emit('text', text);
  }

  [kBinary](data) {
    if (this.readyState !== OPEN) return;
    const stream = new InStream();
    try {
      if (!this.emit('binary', stream)) stream.resume();
    } finally {
      stream.push(data);
      stream.push(null);
    }
  }

  [kStream](stream) {
    let isTaken = false;
    try {
      isTaken = this.readyState === OPEN && this.emit('binary', stream);
    } finally {
      // Where nobody will ever read it, it is thrown away: what follows would wait for it.
      if (!isTaken && stream.readableFlowing === null) stream.destroy();
    }
  }

  [kPong](data) {
    this.emit('pong', data);
  }

  [kPeerClosed](code, reason) {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSED;
    this[kTellClosed](code, reason);
  }

  [kPeerEnded]() {
    this[kPeerClosed](ABNORMAL_CLOSURE, '');
  }

  [kFailed](error) {
    if (this.readyState === CONNECTING) {
      // Nobody has to listen for what peers do, but for whether there is a connection.
      const reason = isPlainEnd(error)
        ? null
        : handshakeError(error, this[kAnswer], this.protocols);
      this[kTellBroken](reason, ABNORMAL_CLOSURE, true);
    } else if (this.readyState === OPEN) {
      this.readyState = CLOSING;
      this[kTellBroken](error, closeCodeOf(error) ?? ABNORMAL_CLOSURE);
    }
  }

  [kEnded](error) {
    this.readyState = CLOSED;
    try {
      this[kTellBroken](error, ABNORMAL_CLOSURE);
    } finally {
      if (this.outStream !== null) breakOff(this.outStream, error ?? createDestroyedError());
    }
  }

  // 'close' comes, whatever a listener for 'error' throws.
  [kTellBroken](error, code, isLoud = this.listenerCount('error') > 0) {
    if (this[kIsToldClosed]) return;
    try {
      if (error !== null && isLoud) this.emit('error', error);
    } finally {
      if (code === ABNORMAL_CLOSURE) this.readyState = CLOSED;
      this[kTellClosed](code, '');
    }
  }

  [kTellClosed](code, reason) {
    if (this[kIsToldClosed]) return;
    this[kIsToldClosed] = true;
    this.server?.[kRemove](this);
    this.emit('close', code, reason);
  }
}

function add() {
  this.server[kAdd](this);
}

['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((name, value) => {
  Connection.prototype[name] = value;
});

module.exports = Connection;
