'use strict';

const { once } = require('events');
const net = require('net');
const tls = require('tls');

const HEADERS = {
  Host: 'localhost',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13'
};

/**
 * The text of an upgrade request.
 *
 * @param {Object} [headers] to add; undefined leaves one out
 * @param {{method: String=, path: String=, version: String=}} [line]
 * @return {String}
 */
function upgradeRequest(headers = {}, { method = 'GET', path = '/', version = '1.1' } = {}) {
  const fields = Object.entries({ ...HEADERS, ...headers }).filter(
    ([, value]) => value !== undefined
  );
  return `${method} ${path} HTTP/${version}\r\n${fields.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`;
}

/** A TCP client that sends exactly the bytes it is told to, and keeps what comes back. */
class RawClient {
  #waiting = [];

  /** All that came. */
  received = Buffer.alloc(0);

  /**
   * @param {(Number|String)} where a port, or the path of a Unix socket
   * @param {{secure: Boolean=}} [options] whether to speak TLS
   */
  constructor(where, { secure = false } = {}) {
    const address =
      typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' };
    this.socket = secure
      ? tls.connect({ ...address, rejectUnauthorized: false })
      : net.connect(address);
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#check();
    });
    this.socket.on('error', () => {});
    /** Resolves when the connection is over. */
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.isClosed = true;
        this.#check();
        resolve();
      });
    });
  }

  #check() {
    this.#waiting = this.#waiting.filter(({ condition, resolve }) => {
      const done = condition(this.received) || this.isClosed;
      if (done) resolve(this.received);
      return !done;
    });
  }

  /** Resolves with all that came when `condition` of it is true, or when the connection is over. */
  until(condition) {
    return new Promise((resolve) => {
      this.#waiting.push({ condition, resolve });
      this.#check();
    });
  }

  /** Resolves when the bytes have been handed over. */
  async send(...chunks) {
    await new Promise((resolve) =>
      this.socket.write(Buffer.concat(chunks.map((c) => Buffer.from(c))), resolve)
    );
  }

  /** Sends an upgrade request (and what shall follow it in the same packet), awaits the response. */
  async upgrade(headers, line, ...rest) {
    await this.send(upgradeRequest(headers, line), ...rest);
    return this.response();
  }

  /** Resolves with the response's head, and takes it out of `received`. */
  async response() {
    await this.until((bytes) => bytes.includes('\r\n\r\n'));
    const end = this.received.indexOf('\r\n\r\n') + 4;
    const head = this.received.subarray(0, end).toString('latin1');
    this.received = this.received.subarray(end);
    return head;
  }

  /** Resolves with the first `count` bytes, and takes them out of `received`. */
  async read(count) {
    await this.until((bytes) => bytes.length >= count);
    const bytes = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return bytes;
  }

  end() {
    this.socket.end();
    return this.closed;
  }

  /** Ends the connection with a RST. */
  reset() {
    this.socket.resetAndDestroy();
    return this.closed;
  }

  async connected() {
    if (this.socket.connecting) await once(this.socket, 'connect');
    return this;
  }
}

module.exports = { RawClient, upgradeRequest };
