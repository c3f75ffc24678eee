'use strict';

const net = require('net');
const tls = require('tls');

const { Channel } = require('./channel');
const Connection = require('./connection');
const { limits } = require('./limits');
const { kAttach } = require('./symbols');

/**
 * Makes a client.
 *
 * @param {String} address ws://host:port/path or wss://host:port/path
 * @param {Object} [options] those of net.connect(), or with wss: of tls.connect(), and
 * @param {Object<String>} [options.extraHeaders] for the request
 * @param {String[]} [options.protocols] the subprotocols to offer
 * @param {Function} [callback] for 'connect'
 * @return {Connection}
 * @throws {Error} for an address of another protocol, or that is none
 * @throws {TypeError} for headers that cannot be sent, and for a callback that is none
 * @throws {SyntaxError} for subprotocols that are none
 */
function connect(address, options, callback) {
  if (typeof options === 'function') {
    callback = options;
    options = undefined;
  }
  options ??= {};
  if (callback && typeof callback !== 'function') {
    throw new TypeError(`The callback must be a function; got ${typeof callback}`);
  }
  const { extraHeaders } = options;
  const protocols = options.protocols || [];
  if (!Array.isArray(protocols)) {
    throw new TypeError(`The protocols must be an array; got ${typeof protocols}`);
  }
  const url = parseAddress(address);
  const isSecure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const path = url.pathname + url.search;
  let socket;
  const connection = new Connection(
    { server: null, path, host, extraHeaders, protocols },
    () => socket
  );
  const channel = new Channel(url, protocols, {
    createConnection() {
      const port = Number(url.port) || (isSecure ? 443 : 80);
      socket = isSecure
        ? tls.connect({ servername: net.isIP(host) ? '' : host, ...options, host, port })
        : net.connect({ ...options, host, port });
      socket.once('connect', () => {
        connection.key = channel._req?.getHeader('Sec-WebSocket-Key') ?? null;
      });
      return socket;
    },
    headers: extraHeaders,
    maxPayload: limits.maxBufferLength,
    perMessageDeflate: false,
    streamThreshold: limits.maxBufferLength
  });
  connection[kAttach](channel);
  if (callback) connection.once('connect', callback);
  return connection;
}

// Of an address, only what the request needs.
function parseAddress(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    throw new Error(`Invalid URL ${address}`);
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new Error(`Invalid protocol ${url.protocol}. It must be ws or wss`);
  }
  url.hash = url.username = url.password = '';
  return url;
}

module.exports = { connect };
