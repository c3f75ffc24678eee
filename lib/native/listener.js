'use strict';

const { AsyncResource } = require('async_hooks');
const EventEmitter = require('events');
const net = require('net');
const { getSystemErrorName } = require('util');

const native = require('./addon');
const { context, listeners } = require('./dispatch');
const { nextTick } = require('./realm');
const { settingsFor } = require('./settings');
const { HANDSHAKE_TIMEOUT } = require('../constants');
const { createSystemError } = require('../errors');
const { UpgradeStatus } = require('../handshake/response');
const { socketOf } = require('../link/node-socket');
const { kOnListenerClosed, kOnUpgrade } = require('../symbols');

// The backlog that Node's net uses.
const DEFAULT_BACKLOG = 511;

// Before Node.js 22, whose libuv gives the length of an abstract name to the kernel, its net fills the
// names of Unix sockets up to this length. Whoever connects with net is to find the server, as under ws.
const FULL_NAME = 108;
const fillsNames = Number(process.versions.node.split('.')[0]) < 22;

// What a net.Server's 'drop' tells of a connection.
const DROP_DATA = [
  'localAddress',
  'localPort',
  'localFamily',
  'remoteAddress',
  'remotePort',
  'remoteFamily'
];

// Under symbols, and not private: what users see works through a Proxy, too.
const kClosing = Symbol('wsuv.closing');
const kDrop = Symbol('wsuv.drop');
const kEndsAtTimeout = Symbol('wsuv.endsAtTimeout');
const kId = Symbol('wsuv.id');
const kIsClosed = Symbol('wsuv.isClosed');
const kListen = Symbol('wsuv.listen');
const kListener = Symbol('wsuv.listener');
const kOnRequest = Symbol('wsuv.onRequest');
const kOptions = Symbol('wsuv.options');
const kPath = Symbol('wsuv.path');
const kResource = Symbol('wsuv.resource');

/**
 * What async_hooks see of a listener. Its hasRef() says whether it is open, as that of Node's own
 * handles does: so whoever looks for what keeps a process alive (Jest) names it, or does not.
 */
class ListeningResource extends AsyncResource {
  [kListener];

  constructor(listener) {
    super('wsuv', { requireManualDestroy: true });
    this[kListener] = listener;
  }

  hasRef() {
    return this[kListener].listening;
  }
}

/**
 * A listening socket of the addon, which accepts connections and parses their request heads.
 *
 * Emits 'listening', 'error', 'drop' and 'close' like a net.Server, 'connection' (socket) when a request has
 * come, and 'timeout' (socket) as http.Server does after setTimeout(). 'upgrade' is its owner's to emit.
 */
class NativeListener extends EventEmitter {
  [kOptions];
  [kOnRequest];
  [kId] = 0;
  [kPath] = null;
  [kIsClosed] = false;
  // The asynchronous context of the close() that ends it.
  [kClosing] = null;
  [kEndsAtTimeout] = false;

  /** @type {Boolean} */
  listening = false;

  // While it listens.
  [kResource] = null;

  /** How many connections there may be; one more is dropped when its request has come. */
  maxConnections = undefined;

  /** Milliseconds that setTimeout() was given. */
  timeout = 0;

  /**
   * @param {Object} options see settingsFor()
   * @param {function(Number, Number, Buffer)} onRequest gets each request: the addon's name for the
   *     connection, an UpgradeStatus, the head and (where it is valid) the value of
   *     Sec-WebSocket-Accept; answers it with native.acceptWith or reject
   */
  constructor(options, onRequest) {
    super();
    this[kOptions] = options;
    this[kOnRequest] = onRequest;
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
      this[kPath] = port;
      this[kListen]({ path: port, backlog });
      return;
    }
    const isPort = typeof port === 'number' || typeof port === 'string';
    if (!isPort || !Number.isInteger(number) || number < 0 || number > 65535) {
      // This throws, with Node's own error for whatever is wrong.
      net.createServer().listen(port);
      return;
    }
    if (!host) {
      this[kListen](
        { host: '::', port: number, backlog },
        { host: '0.0.0.0', port: number, backlog }
      );
    } else if (net.isIP(host)) {
      this[kListen]({ host, port: number, backlog });
    } else {
      // Required where it is needed: it takes a millisecond to load.
      require('dns').lookup(host, (error, address) => {
        if (this[kIsClosed]) return;
        if (error !== null) this.emit('error', error);
        else this[kListen]({ host: address, port: number, backlog });
      });
    }
  }

  [kListen](address, fallback) {
    const { host = '', port = 0, path = '', backlog } = address;
    if (isForbidden()) {
      // This throws, with Node's own error: at once without a host, and with one a tick later.
      const where = fallback === undefined ? { host, port } : { port };
      net.createServer().listen(path === '' ? where : { path });
      return;
    }
    const id = native.listen(
      context,
      settingsFor(this[kOptions]),
      host,
      port,
      path.startsWith('\0') && fillsNames ? filled(path) : path,
      backlog || DEFAULT_BACKLOG
    );
    if (id > 0) {
      this[kId] = id;
      this.listening = true;
      this[kResource] = new ListeningResource(this);
      listeners.set(id, this);
      nextTick(() => {
        if (this.listening) this.emit('listening');
      });
    } else if (fallback !== undefined && isNoSuchFamily(id)) {
      this[kListen](fallback);
    } else {
      const where = path === '' ? [host, port] : [path, -1];
      nextTick(() => this.emit('error', createSystemError(id, 'listen', ...where)));
    }
  }

  /**
   * @return {({address: String, family: String, port: Number}|String|null)} the path of a Unix domain
   *     socket, which Node keeps; otherwise null while it does not listen
   */
  address() {
    if (this[kPath] !== null) return this[kPath];
    return this.listening ? (native.listenerAddress(this[kId]) ?? null) : null;
  }

  /**
   * Accepts no more connections; 'close' comes when those that there are have ended.
   *
   * @param {Function} [callback] for 'close'; gets an error if it does not listen
   */
  close(callback) {
    if (typeof callback === 'function') {
      const wasRunning = this.listening;
      this.once('close', () => callback(...(wasRunning ? [] : [notRunning()])));
    }
    this[kIsClosed] = true;
    // Where there are connections, the last of them ends it.
    if (this.listening && native.listenerConnections(this[kId]) === 0) {
      this[kClosing] = new AsyncResource('wsuv.close');
    }
    this.listening = false;
    if (this[kId] === 0) nextTick(() => this.emit('close'));
    else native.closeListener(this[kId]);
    return this;
  }

  /**
   * Says how many connections it has accepted that have not ended.
   *
   * @param {function(null, Number)} callback
   */
  getConnections(callback) {
    process.nextTick(callback, null, native.listenerConnections(this[kId]));
    return this;
  }

  /** Drops the connections that have sent no whole request; WebSockets are no longer HTTP's. */
  closeAllConnections() {
    native.dropHeads(this[kId]);
  }

  /** Drops the connections that wait for another request: there are none, since 426 ends them. */
  closeIdleConnections() {}

  /**
   * How long a connection may take to send its request, from when it is accepted. Afterwards
   * 'timeout' is emitted with its socket, or, where nobody listens, the connection is dropped.
   *
   * @param {Number} [msecs] 0: as long as handshakeTimeout says, which is answered with 408
   * @param {Function} [callback] a listener for 'timeout'
   */
  setTimeout(msecs = 0, callback = undefined) {
    this.timeout = msecs;
    if (typeof callback === 'function') this.on('timeout', callback);
    const { handshakeTimeout = HANDSHAKE_TIMEOUT } = this[kOptions];
    const isShorter = msecs > 0 && (handshakeTimeout === 0 || msecs <= handshakeTimeout);
    this[kEndsAtTimeout] = isShorter;
    const options = isShorter ? { ...this[kOptions], handshakeTimeout: msecs } : this[kOptions];
    native.setListenerSettings(this[kId], settingsFor(options));
    return this;
  }

  ref() {
    native.refListener(this[kId], true);
    return this;
  }

  unref() {
    native.refListener(this[kId], false);
    return this;
  }

  // What lib/native/dispatch.js calls.

  [kOnUpgrade](handle, status, bytes) {
    if (native.listenerConnections(this[kId]) > (this.maxConnections ?? Infinity)) {
      this[kDrop](handle);
      return;
    }
    if (this.listenerCount('connection') > 0) this.emit('connection', socketOf(handle));
    if (status === UpgradeStatus.TIMED_OUT && this[kEndsAtTimeout]) {
      if (!this.emit('timeout', socketOf(handle))) native.terminate(handle);
    } else {
      this[kOnRequest](handle, status, bytes);
    }
  }

  // As a net.Server does with a connection above `maxConnections`.
  [kDrop](handle) {
    if (this.listenerCount('drop') > 0) {
      const socket = socketOf(handle);
      this.emit('drop', Object.fromEntries(DROP_DATA.map((name) => [name, socket[name]])));
    }
    native.terminate(handle);
  }

  [kOnListenerClosed]() {
    this[kId] = 0;
    this[kResource].emitDestroy();
    this[kResource] = null;
    const closing = this[kClosing];
    this[kClosing] = null;
    if (closing === null) this.emit('close');
    else closing.runInAsyncScope(() => this.emit('close'));
  }
}

function filled(name) {
  return name + '\0'.repeat(Math.max(FULL_NAME - Buffer.byteLength(name), 0));
}

function notRunning() {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}

// Whether an error of listening says that the machine has no IPv6.
function isNoSuchFamily(errno) {
  const code = getSystemErrorName(errno);
  return code === 'EAFNOSUPPORT' || code === 'EINVAL' || code === 'EADDRNOTAVAIL';
}

// Whether Node's permission model keeps this process from the network, where it has a say on that.
function isForbidden() {
  const { permission, allowedNodeEnvironmentFlags: flags } = process;
  return permission !== undefined && flags.has('--allow-net') && !permission.has('net');
}

module.exports = { NativeListener };
