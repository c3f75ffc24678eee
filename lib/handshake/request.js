'use strict';

const { IncomingMessage } = require('http');

const { trim } = require('./header-scanner');
const { socketOf } = require('../link/node-socket');

const kHead = Symbol('head');
const kHandle = Symbol('handle');
const kWebSocket = Symbol('WebSocket');

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
 * @param {Number} handle
 * @param {String} head
 * @param {WebSocket} [ws] what was made of the connection, which has the socket
 */
function UpgradeRequest(handle, head, ws) {
  this[kHandle] = handle;
  this[kWebSocket] = ws;
  this[kHead] = head;
}

UpgradeRequest.prototype = Object.create(IncomingMessage.prototype, {
  constructor: { value: UpgradeRequest, configurable: true, writable: true }
});

// The own properties that IncomingMessage gives its instances, whatever the version of Node.
const ownKeys = Reflect.ownKeys(new IncomingMessage(null));

function materialise(request) {
  const { method, url, httpVersion, rawHeaders } = parseHead(request[kHead]);
  for (const key of ownKeys) {
    Object.defineProperty(request, key, {
      configurable: true,
      enumerable: true,
      value: undefined,
      writable: true
    });
  }
  const socket = request[kWebSocket]?._socket ?? socketOf(request[kHandle]);
  request[kWebSocket] = undefined;
  IncomingMessage.call(request, socket);
  const [major, minor] = httpVersion.split('.');
  request.httpVersionMajor = Number(major);
  request.httpVersionMinor = Number(minor);
  request.httpVersion = httpVersion;
  request.method = method;
  request.url = url;
  request._addHeaderLines(rawHeaders, rawHeaders.length);
  request.upgrade = true;
  request.complete = true;
  request[kHead] = '';
}

for (const key of ownKeys) {
  Object.defineProperty(UpgradeRequest.prototype, key, {
    configurable: true,
    get() {
      // EventEmitter compares what an object has with what its prototype has.
      if (this === UpgradeRequest.prototype) return undefined;
      materialise(this);
      return this[key];
    },
    set(value) {
      materialise(this);
      this[key] = value;
    }
  });
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
