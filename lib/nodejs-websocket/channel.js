'use strict';

const { createTransportError } = require('../native/transport-errors');
const {
  kConcluded,
  kOnClosed,
  kOnMessage,
  kOnPeerEnd,
  kOnPong,
  kOnProtocolError,
  kOnStream,
  kOnText,
  kSocket,
  kWantsText
} = require('../symbols');
const { createLimitError, kErrorCode } = require('../native/protocol-errors');
const WebSocket = require('../websocket');
const { limits } = require('./limits');
const { readText } = require('./streams');
const {
  kAnswered,
  kBinary,
  kEnded,
  kFailed,
  kOpened,
  kPeerClosed,
  kPeerEnded,
  kPong,
  kStream,
  kText
} = require('./symbols');

/**
 * The WebSocket behind a Connection. Nobody else knows it, so what it would emit goes to the
 * Connection directly.
 */
class Channel extends WebSocket {
  #connection = null;
  #transportError = null;
  #longestText = limits.maxBufferLength;

  /**
   * @param {Connection} connection hears of everything from now on
   */
  belongTo(connection) {
    this.#connection = connection;
    this.#watchSocket();
  }

  // Where there is one already, it says itself what is wrong with it.
  #watchSocket() {
    this[kSocket]?.on('error', (error) => (this.#transportError = error));
  }

  emit(event, ...args) {
    const connection = this.#connection;
    if (event === 'close') {
      connection[kEnded](this.#transportError);
    } else if (event === 'error') {
      connection[kFailed](...args);
    } else if (event === 'upgrade') {
      connection[kAnswered](args[0]);
    } else if (event === 'unexpected-response') {
      connection[kAnswered](args[1]);
      return false;
    } else if (event !== 'open') {
      return super.emit(event, ...args);
    } else if (connection !== null) {
      // A server's belongs to nobody yet.
      this.#watchSocket();
      connection[kOpened]();
    }
    return true;
  }

  get [kWantsText]() {
    return true;
  }

  [kOnText](text) {
    this.#connection[kText](text);
  }

  [kOnMessage](data, isBinary) {
    if (isBinary) this.#connection[kBinary](data);
    else this.#connection[kText](data.toString());
  }

  [kOnStream](stream, isBinary) {
    const connection = this.#connection;
    if (isBinary) {
      connection[kStream](stream);
      return;
    }
    const onTooLong = () => this[kOnProtocolError](createLimitError()[kErrorCode], 0, '');
    readText(stream, this.#longestText, (text) => connection[kText](text), onTooLong);
  }

  [kOnPong](data) {
    this.#connection[kPong](data.toString());
  }

  [kConcluded](code, reason) {
    const text = reason.toString();
    super[kConcluded](code, reason);
    this.#connection[kPeerClosed](code, text);
  }

  [kOnPeerEnd]() {
    super[kOnPeerEnd]();
    this.#connection[kPeerEnded]();
  }

  [kOnClosed](status, socketHandle) {
    if (status !== 0) this.#transportError ??= createTransportError(status);
    super[kOnClosed](status, socketHandle);
  }
}

module.exports = { Channel };
