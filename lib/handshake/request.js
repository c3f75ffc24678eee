'use strict';

const { IncomingMessage } = require('http');
const { inspect } = require('util');

const { trim } = require('./header-scanner');
const { socketOf } = require('../link/node-socket');

/**
 * Takes a request head apart. The addon has found it to be correct.
 *
 * @param {String} head up to and including the empty line, as Latin-1
 * @return {{method: String, url: String, httpVersion: String, rawHeaders: String[]}}
 */
function parseHead(head) {
  const lines = head.trimStart().split('\r\n');
  const [method, url, version] = lines[0].split(' ');
  const rawHeaders = [];
  for (let i = 1; lines[i] !== ''; i++) {
    const colon = lines[i].indexOf(':');
    rawHeaders.push(lines[i].slice(0, colon), trim(lines[i].slice(colon + 1)));
  }
  return { method, url, httpVersion: version.slice(5), rawHeaders };
}

/**
 * The request of an upgrade on the native listener: an http.IncomingMessage that becomes one when
 * it is first looked at. Most servers never do, and making one costs more than all the rest of a
 * handshake.
 *
 * What a program gets is a Proxy, since nothing else notices that somebody asks for the keys of an
 * object. util.inspect() looks behind it, and finds a getter there.
 */
class UpgradeRequest {
  #handle;
  #head;
  #hasSocket = false;
  #webSocket;
  #proxy;

  /**
   * @param {Number} handle
   * @param {String} head
   * @param {WebSocket} [ws] what was made of the connection, which has the socket
   * @return {http.IncomingMessage}
   */
  constructor(handle, head, ws) {
    this.#handle = handle;
    this.#head = head;
    this.#webSocket = ws;
    this.#proxy = new Proxy(this, traps);
    return this.#proxy;
  }

  /**
   * Makes the request of what stands behind the Proxy.
   *
   * @param {UpgradeRequest} target
   */
  static materialise(target) {
    UpgradeRequest.begin(target);
    if (target.#hasSocket) return;
    target.#hasSocket = true;
    target.socket = target.client = target.#webSocket?._socket ?? socketOf(target.#handle);
    target.#webSocket = undefined;
  }

  /**
   * The same without the socket, which takes as long to make as a handshake does.
   *
   * @param {UpgradeRequest} target
   */
  static begin(target) {
    if (target.#head === null) return;
    const { method, url, httpVersion, rawHeaders } = parseHead(target.#head);
    target.#head = null;
    // As Node's parser does, in its order. There is no body: the end has come.
    IncomingMessage.call(target);
    const [major, minor] = httpVersion.split('.');
    target.httpVersionMajor = Number(major);
    target.httpVersionMinor = Number(minor);
    target.httpVersion = httpVersion;
    target.joinDuplicateHeaders = null;
    target.url = url;
    target.upgrade = true;
    target._addHeaderLines(rawHeaders, rawHeaders.length);
    target.method = method;
    target.complete = true;
    target.#proxy.push(null);
    target.parser = null;
    // Node makes the headers when they are first asked for, and under ws they have been.
    Reflect.get(target, 'headers');
  }

  // util.inspect() asks what stands behind the Proxy, and shows what this gives.
  get [inspect.custom]() {
    if (!(#head in this)) return undefined;
    UpgradeRequest.materialise(this);
    return () => this;
  }
}

delete UpgradeRequest.prototype.constructor;
Object.setPrototypeOf(UpgradeRequest.prototype, IncomingMessage.prototype);

// What is done to a request is done to the real one.
const traps = {
  getPrototypeOf(target) {
    const prototype = Object.getPrototypeOf(target);
    return prototype === UpgradeRequest.prototype ? IncomingMessage.prototype : prototype;
  },
  preventExtensions(target) {
    UpgradeRequest.materialise(target);
    // From now on it has to be what it is said to be.
    Object.setPrototypeOf(target, traps.getPrototypeOf(target));
    return Reflect.preventExtensions(target);
  }
};

// Most programs look at the URL and the headers alone, and put what they know of the user beside them.
const SHOWS_SOCKET = new Set(['client', 'connection', 'socket']);
for (const name of ['defineProperty', 'deleteProperty', 'get', 'getOwnPropertyDescriptor', 'set']) {
  const act = Reflect[name];
  traps[name] = (target, key, ...args) => {
    if (SHOWS_SOCKET.has(key)) UpgradeRequest.materialise(target);
    else UpgradeRequest.begin(target);
    return act(target, key, ...args);
  };
}
for (const name of ['has', 'ownKeys', 'setPrototypeOf']) {
  const act = Reflect[name];
  traps[name] = (target, ...args) => {
    UpgradeRequest.begin(target);
    return act(target, ...args);
  };
}

/**
 * The value of a header in a head, without making a request of it.
 *
 * @param {String} head
 * @param {String} name in lower case
 * @return {(String|undefined)} the values of all such headers, joined
 */
function headerOf(head, name) {
  const { rawHeaders } = parseHead(head);
  const values = rawHeaders.filter(
    (_, i) => i % 2 === 1 && rawHeaders[i - 1].toLowerCase() === name
  );
  return values.length === 0 ? undefined : values.join(', ');
}

/**
 * The target of a head's request line.
 *
 * @param {String} head
 * @return {String}
 */
function urlOf(head) {
  const start = head.indexOf(' ') + 1;
  return head.slice(start, head.indexOf(' ', start));
}

module.exports = { UpgradeRequest, headerOf, urlOf };
