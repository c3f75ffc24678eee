'use strict';

const EventEmitter = require('events');
const net = require('net');
const { getSystemErrorName } = require('util');

const native = require('./addon');
const { context, listeners } = require('./dispatch');
const { nextTick } = require('./realm');
const { createSystemError } = require('../errors');

// The backlog that Node's net uses.
const DEFAULT_BACKLOG = 511;

/**
 * A listening socket of the addon, which accepts connections and parses their request heads.
 *
 * Emits 'listening', 'error', 'close' like a net.Server, and
 * 'upgrade' (handle, status, bytes): a request head, to be answered with native.accept or reject.
 */
class NativeListener extends EventEmitter {
  #settings;
  #id = 0;
  #isClosed = false;

  /** @type {Boolean} */
  listening = false;

  /**
   * @param {Object} settings from settingsFor()
   */
  constructor(settings) {
    super();
    this.#settings = settings;
  }

  /**
   * Listens at a port, or at the path of a Unix domain socket.
   *
   * @param {(Number|String)} port
   * @param {String} [host] a name or an address; by default all addresses
   * @param {Number} [backlog]
   * @param {Function} [callback] for 'listening'
   * @throws {(RangeError|TypeError)} for what is no port
   */
  listen(port, host, backlog, callback) {
    if (typeof callback === 'function') this.once('listening', callback);
    const number = Number(port);
    if (typeof port === 'string' && Number.isNaN(number)) {
      this.#listen({ path: port, backlog });
      return;
    }
    const isPort = typeof port === 'number' || typeof port === 'string';
    if (!isPort || !Number.isInteger(number) || number < 0 || number > 65535) {
      // This throws, with Node's own error for whatever is wrong.
      net.createServer().listen(port);
      return;
    }
    if (!host) {
      this.#listen(
        { host: '::', port: number, backlog },
        { host: '0.0.0.0', port: number, backlog }
      );
    } else if (net.isIP(host)) {
      this.#listen({ host, port: number, backlog });
    } else {
      // Required where it is needed: it takes a millisecond to load.
      require('dns').lookup(host, (error, address) => {
        if (this.#isClosed) return;
        if (error !== null) this.emit('error', error);
        else this.#listen({ host: address, port: number, backlog });
      });
    }
  }

  #listen(address, fallback) {
    const { host = '', port = 0, path = '', backlog } = address;
    const id = native.listen(context, this.#settings, host, port, path, backlog || DEFAULT_BACKLOG);
    if (id > 0) {
      this.#id = id;
      this.listening = true;
      listeners.set(id, this);
      nextTick(() => {
        if (this.listening) this.emit('listening');
      });
    } else if (fallback !== undefined && isNoSuchFamily(id)) {
      this.#listen(fallback);
    } else {
      const where = path === '' ? [host, port] : [path];
      nextTick(() => this.emit('error', createSystemError(id, 'listen', ...where)));
    }
  }

  /**
   * @return {({address: String, family: String, port: Number}|String|null)} null while it does not
   *     listen
   */
  address() {
    return this.#id === 0 ? null : (native.listenerAddress(this.#id) ?? null);
  }

  /**
   * Accepts no more connections; 'close' comes when those that there are have ended.
   *
   * @param {Function} [callback] for 'close'
   */
  close(callback) {
    if (typeof callback === 'function') this.once('close', callback);
    this.#isClosed = true;
    this.listening = false;
    if (this.#id === 0) nextTick(() => this.emit('close'));
    else native.closeListener(this.#id);
    return this;
  }

  ref() {
    native.refListener(this.#id, true);
    return this;
  }

  unref() {
    native.refListener(this.#id, false);
    return this;
  }

  // What lib/native/dispatch.js calls.

  _onUpgrade(handle, status, bytes) {
    this.emit('upgrade', handle, status, bytes);
  }

  _onClosed() {
    this.#id = 0;
    this.emit('close');
  }
}

// Whether an error of listening says that the machine has no IPv6.
function isNoSuchFamily(errno) {
  const code = getSystemErrorName(errno);
  return code === 'EAFNOSUPPORT' || code === 'EINVAL' || code === 'EADDRNOTAVAIL';
}

module.exports = { NativeListener };
