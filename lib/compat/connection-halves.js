'use strict';

const { OP_PING, OP_PONG } = require('../constants');
const Receiver = require('../receiver');
const Sender = require('../sender');

/**
 * `ws._sender`: the Sender of a connection, whose frames the addon makes. Packages reach for it to
 * send frames that they have made once for many connections.
 */
class ConnectionSender extends Sender {
  #ws;

  /** @param {WebSocket} ws */
  constructor(ws) {
    super(null, ws._extensions, ws._options.generateMask);
    this.#ws = ws;
  }

  // Asked for when it is needed: on a server's own port, asking makes it.
  get _socket() {
    return this.#ws._socket;
  }

  set _socket(_) {}

  get _bufferedBytes() {
    return this.#ws._queuedBytes;
  }

  send(data, options, cb) {
    this.#ws._sendWith(data, options, cb);
  }

  ping(data, mask, cb) {
    this.#ws._sendControlFrame(OP_PING, data, mask, cb);
  }

  pong(data, mask, cb) {
    this.#ws._sendControlFrame(OP_PONG, data, mask, cb);
  }

  sendFrame(list, cb) {
    // A socket that has ended knows best what is wrong.
    if (!this.#ws._sendRaw(list, cb)) super.sendFrame(list, cb);
  }
}

/**
 * `ws._receiver`: the Receiver of a connection. What is written to it is taken as if the peer had
 * sent it, and it emits what the connection receives.
 */
class ConnectionReceiver extends Receiver {
  #ws;

  /** @param {WebSocket} ws */
  constructor(ws) {
    const { binaryType, _extensions: extensions, _isServer: isServer } = ws;
    super({ ...ws._options, binaryType, extensions, isServer });
    this.#ws = ws;
  }

  _write(chunk, encoding, callback) {
    this.#ws._feed(chunk);
    callback();
  }
}

module.exports = { ConnectionReceiver, ConnectionSender };
