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

/**
 * A TCP client (or one end of a connection) that sends exactly the bytes it is told to, and keeps what
 * comes back.
 */
class RawClient {
  #waiting = [];
  // What came is in here, from #start to #end. It doubles, so that each byte is copied some times
  // at most, in however many chunks many of them come.
  #memory = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /**
   * @param {(Number|String|net.Socket)} where a port, or the path of a Unix socket; or a connection
   * @param {{secure: Boolean=}} [options] whether to speak TLS
   */
  constructor(where, { secure = false } = {}) {
    this.socket = where instanceof net.Socket ? where : connect(where, secure);
    this.socket.on('data', (chunk) => {
      this.#append(chunk);
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

  /** All that came and was not taken out. */
  get received() {
    return this.#memory.subarray(this.#start, this.#end);
  }

  set received(bytes) {
    this.#memory = bytes;
    this.#start = 0;
    this.#end = bytes.length;
  }

  #append(chunk) {
    if (this.#memory.length - this.#end < chunk.length) {
      const { received } = this;
      // A view that was given away keeps its bytes.
      this.#memory = Buffer.alloc(2 * (received.length + chunk.length));
      received.copy(this.#memory);
      this.#start = 0;
      this.#end = received.length;
    }
    chunk.copy(this.#memory, this.#end);
    this.#end += chunk.length;
  }

  #take(count) {
    const bytes = this.received.subarray(0, count);
    this.#start += bytes.length;
    return bytes;
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
    return this.#take(this.received.indexOf('\r\n\r\n') + 4).toString('latin1');
  }

  /** Resolves with the first `count` bytes, and takes them out of `received`. */
  async read(count) {
    await this.until((bytes) => bytes.length >= count);
    return this.#take(count);
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

function connect(where, secure) {
  const address = typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' };
  return secure ? tls.connect({ ...address, rejectUnauthorized: false }) : net.connect(address);
}

module.exports = { RawClient, upgradeRequest };
