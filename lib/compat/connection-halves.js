'use strict';

const { kWebSocket } = require('../constants');
const native = require('../native/addon');
const seam = require('../native/seam');
const { settingsFor } = require('../native/settings');
const Receiver = require('../receiver');
const Sender = require('../sender');
const { callbackOf } = require('../sending/callback');
const { controlPayload } = require('../sending/control-payload');
const {
  kBroken,
  kConcluded,
  kHandle,
  kLink,
  kOptions,
  kOutgoing,
  kPinged,
  kTakeFault
} = require('../symbols');
const { toBytes } = require('../validation');

const { MASK } = seam.flag;
const { PING, PONG } = seam.opcode;

/**
 * `ws._sender`: the Sender of a connection, whose frames the addon makes. Packages reach for it to
 * send frames that they have made once for many connections.
 */
class ConnectionSender extends Sender {
  #ws;

  /** @param {WebSocket} ws */
  constructor(ws) {
    super(null, ws._extensions, ws[kOptions].generateMask);
    this.#ws = ws;
  }

  // Asked for when it is needed: on a server's own port, asking makes it.
  get _socket() {
    return this.#ws._socket;
  }

  set _socket(_) {}

  get _bufferedBytes() {
    return this.#ws[kOutgoing]().bytes;
  }

  send(data, options, cb) {
    this.#ws[kOutgoing]().send(data, options, callbackOf(cb));
  }

  ping(data, mask, cb) {
    this.#sendControl(PING, data, mask, cb);
  }

  pong(data, mask, cb) {
    this.#sendControl(PONG, data, mask, cb);
  }

  #sendControl(opcode, data, mask, cb) {
    const flags = opcode | (mask ? MASK : 0);
    this.#ws[kOutgoing]().sendControl(controlPayload(data), flags, callbackOf(cb));
  }

  sendFrame(list, cb) {
    const { [kHandle]: handle, [kLink]: link } = this.#ws;
    if (handle === 0) {
      // A socket that has ended knows best what is wrong.
      super.sendFrame(list, cb);
      return;
    }
    for (const bytes of list) native.sendRaw(handle, toBytes(bytes));
    link.pump(handle, callbackOf(cb));
  }
}

/**
 * `ws._receiver`: the Receiver of a connection. What is written to it is taken as if the peer had
 * sent it; what the connection receives is what it emits, and what its listeners do is what happens
 * then. The fields that limit what is received can be set.
 */
class ConnectionReceiver extends Receiver {
  #ws;
  #limits;

  /** @param {WebSocket} ws */
  constructor(ws) {
    const { binaryType, _extensions: extensions, _isServer: isServer } = ws;
    super({ ...ws[kOptions], binaryType, extensions, isServer });
    this.#limits = ws[kOptions];
    this.#ws = ws;
    this[kWebSocket] = ws;
    this.on('conclude', (code, reason) => ws[kConcluded](code, reason));
    this.on('error', (error) => ws[kBroken](error));
    this.on('message', (data, isBinary) => ws.emit('message', data, isBinary));
    this.on('ping', (data) => ws[kPinged](data));
    this.on('pong', (data) => ws.emit('pong', data));
  }

  // The constructor of a Receiver sets these fields, before there is a WebSocket.

  get _binaryType() {
    return this.#ws.binaryType;
  }

  set _binaryType(type) {
    if (#ws in this) this.#ws.binaryType = type;
  }

  get _maxBufferedChunks() {
    return this.#limits.maxBufferedChunks | 0;
  }

  set _maxBufferedChunks(maxBufferedChunks) {
    if (#ws in this) this.#limit({ maxBufferedChunks });
  }

  get _maxFragments() {
    return this.#limits.maxFragments | 0;
  }

  set _maxFragments(maxFragments) {
    if (#ws in this) this.#limit({ maxFragments });
  }

  get _maxPayload() {
    return this.#limits.maxPayload | 0;
  }

  set _maxPayload(maxPayload) {
    if (#ws in this) this.#limit({ maxPayload });
  }

  get _skipUTF8Validation() {
    return Boolean(this.#limits.skipUTF8Validation);
  }

  set _skipUTF8Validation(skipUTF8Validation) {
    if (#ws in this) this.#limit({ skipUTF8Validation });
  }

  // For what is parsed from now on.
  #limit(limit) {
    this.#limits = { ...this.#limits, ...limit };
    native.useSettings(this.#ws[kHandle], settingsFor(this.#limits));
  }

  _write(chunk, encoding, callback) {
    const { [kHandle]: handle, [kLink]: link } = this.#ws;
    if (handle !== 0) link.feed(handle, chunk);
    callback(this.#ws[kTakeFault]());
  }
}

module.exports = { ConnectionReceiver, ConnectionSender };
