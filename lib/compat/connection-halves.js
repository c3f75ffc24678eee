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
  kDoClose,
  kDoPing,
  kDoPong,
  kDoSend,
  kHandle,
  kLink,
  kOptions,
  kOutgoing,
  kOwnMethods,
  kPinged,
  kRare,
  kSendByName,
  kTakeFault
} = require('../symbols');
const { toBytes } = require('../validation');

const { MASK } = seam.flag;
const { PING, PONG } = seam.opcode;

// Under symbols, and not private: what users see works through a Proxy, too.
const kLimit = Symbol('wsuv.limit');
const kLimits = Symbol('wsuv.limits');
const kSendControl = Symbol('wsuv.sendControl');
const kWs = Symbol('wsuv.ws');

/**
 * `ws._sender`: the Sender of a connection, whose frames the addon makes. Packages reach for it to
 * send frames that they have made once for many connections.
 */
class ConnectionSender extends Sender {
  [kWs];

  /** @param {WebSocket} ws */
  constructor(ws) {
    super(null, ws._extensions, ws[kOptions].generateMask);
    this[kWs] = ws;
  }

  // Asked for when it is needed: on a server's own port, asking makes it.
  get _socket() {
    return this[kWs]._socket;
  }

  set _socket(_) {}

  get _bufferedBytes() {
    return this[kWs][kOutgoing]().bytes;
  }

  [kDoSend](data, options, cb) {
    this[kWs][kOutgoing]().send(data, options, callbackOf(cb));
  }

  [kDoPing](data, mask, cb) {
    this[kSendControl](PING, data, mask, cb);
  }

  [kDoPong](data, mask, cb) {
    this[kSendControl](PONG, data, mask, cb);
  }

  [kSendControl](opcode, data, mask, cb) {
    const flags = opcode | (mask ? MASK : 0);
    this[kWs][kOutgoing]().sendControl(controlPayload(data), flags, callbackOf(cb));
  }

  [kDoClose](code, data, mask, cb) {
    const { closing } = this[kWs][kRare];
    // The WebSocket closes, or somebody sends a close frame by himself.
    if (closing === null) super[kDoClose](code, data, mask, cb);
    else closing(code, data);
  }

  sendFrame(list, cb) {
    const { [kHandle]: handle, [kLink]: link } = this[kWs];
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
 * Makes a `ws._sender`. Of one in whose methods' place something is put, the WebSocket calls the
 * methods from then on, as it does under ws.
 *
 * @param {WebSocket} ws
 * @return {ConnectionSender}
 */
function senderOf(ws) {
  return new Proxy(new ConnectionSender(ws), {
    defineProperty(target, name, descriptor) {
      if (Object.hasOwn(Sender[kOwnMethods], name)) ws[kSendByName]();
      return Reflect.defineProperty(target, name, descriptor);
    }
  });
}

/**
 * `ws._receiver`: the Receiver of a connection. What is written to it is taken as if the peer had
 * sent it; what the connection receives is what it emits, and what its listeners do is what happens
 * then. The fields that limit what is received can be set.
 */
class ConnectionReceiver extends Receiver {
  [kWs];
  [kLimits];

  /** @param {WebSocket} ws */
  constructor(ws) {
    const { binaryType, _extensions: extensions, _isServer: isServer } = ws;
    super({ ...ws[kOptions], binaryType, extensions, isServer });
    this[kLimits] = ws[kOptions];
    this[kWs] = ws;
    this[kWebSocket] = ws;
    this.on('conclude', (code, reason) => ws[kConcluded](code, reason));
    this.on('error', (error) => ws[kBroken](error));
    this.on('message', (data, isBinary) => ws.emit('message', data, isBinary));
    this.on('ping', (data) => ws[kPinged](data));
    this.on('pong', (data) => ws.emit('pong', data));
  }

  // The constructor of a Receiver sets these fields, before there is a WebSocket.

  get _binaryType() {
    return this[kWs].binaryType;
  }

  set _binaryType(type) {
    if (kWs in this) this[kWs].binaryType = type;
  }

  get _maxBufferedChunks() {
    return this[kLimits].maxBufferedChunks | 0;
  }

  set _maxBufferedChunks(maxBufferedChunks) {
    if (kWs in this) this[kLimit]({ maxBufferedChunks });
  }

  get _maxFragments() {
    return this[kLimits].maxFragments | 0;
  }

  set _maxFragments(maxFragments) {
    if (kWs in this) this[kLimit]({ maxFragments });
  }

  get _maxPayload() {
    return this[kLimits].maxPayload | 0;
  }

  set _maxPayload(maxPayload) {
    if (kWs in this) this[kLimit]({ maxPayload });
  }

  get _skipUTF8Validation() {
    return Boolean(this[kLimits].skipUTF8Validation);
  }

  set _skipUTF8Validation(skipUTF8Validation) {
    if (kWs in this) this[kLimit]({ skipUTF8Validation });
  }

  // For what is parsed from now on.
  [kLimit](limit) {
    this[kLimits] = { ...this[kLimits], ...limit };
    native.useSettings(this[kWs][kHandle], settingsFor(this[kLimits]));
  }

  _write(chunk, encoding, callback) {
    const { [kHandle]: handle, [kLink]: link } = this[kWs];
    if (handle !== 0) link.feed(handle, chunk);
    callback(this[kWs][kTakeFault]());
  }
}

module.exports = { ConnectionReceiver, senderOf };
