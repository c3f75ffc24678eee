'use strict';

const { randomBytes } = require('crypto');
const http = require('http');
const https = require('https');
const net = require('net');
const querystring = require('querystring');
const tls = require('tls');

const native = require('../native/addon');
const { CLOSE_TIMEOUT } = require('../constants');
const extension = require('./extension');
const { streamOptionsOf } = require('../native/settings');
const PerMessageDeflate = require('../compat/permessage-deflate');
const { frameSizeOf } = require('../sending/frame-size');
const { kFail, kBeginEnd, kSetOptions, kSetRequest, kSetUrl } = require('../symbols');
const { isToken } = require('../validation');

const PROTOCOL_VERSIONS = [8, 13];
const DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: CLOSE_TIMEOUT,
  protocolVersion: 13,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  perMessageDeflate: true,
  skipUTF8Validation: false,
  followRedirects: false,
  maxRedirects: 10
};

// Options that belong to the handshake and cannot be set through it.
const OVERWRITTEN = {
  socketPath: undefined,
  hostname: undefined,
  protocol: undefined,
  protocols: undefined,
  timeout: undefined,
  method: 'GET',
  host: undefined,
  path: undefined,
  port: undefined
};

const aborted = new WeakSet();

/**
 * The subprotocols to offer, from the two places where they can be given.
 *
 * @param {(String|String[]|Object|undefined)} protocols the constructor's second argument
 * @param {(Object|undefined)} options its third
 * @return {{protocols: String[], options: (Object|undefined)}}
 */
function normalise(protocols, options) {
  if (typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols)) {
    options = protocols;
    protocols = undefined;
  }
  if (protocols === undefined) protocols = options?.protocols ?? [];
  return { protocols: Array.isArray(protocols) ? protocols : [protocols], options };
}

/**
 * Parses an address and says what is wrong with it.
 *
 * @param {(String|URL)} address
 * @return {URL} with a WebSocket scheme; a URL that was passed in is left as it is
 * @throws {SyntaxError}
 */
function parseAddress(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`);
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  else if (url.protocol === 'https:') url.protocol = 'wss:';
  return url;
}

function checkUrl(url) {
  if (!['ws:', 'wss:', 'ws+unix:'].includes(url.protocol)) {
    throw new SyntaxError(
      'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"'
    );
  }
  if (url.protocol === 'ws+unix:' && !url.pathname) {
    throw new SyntaxError("The URL's pathname is empty");
  }
  if (url.hash) throw new SyntaxError('The URL contains a fragment identifier');
}

function checkProtocols(protocols) {
  const set = new Set();
  for (const protocol of protocols) {
    if (!isToken(protocol) || set.has(protocol)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified');
    }
    set.add(protocol);
  }
  return set;
}

/** The opening handshake of a client: one request, or several where redirects are followed. */
class ClientHandshake {
  #ws;
  #address;
  #options;
  #protocols;
  #perMessageDeflate = null;
  #redirects = 0;
  // Where the first request went, to tell whether a redirect leads elsewhere.
  #origin;

  /**
   * @param {WebSocket} ws
   * @param {(String|URL)} address
   * @param {(String|String[]|Object)} [protocols]
   * @param {Object} [options]
   * @throws {SyntaxError} for an address or a subprotocol
   * @throws {RangeError} for a protocol version, or a frame size
   * @throws {TypeError} for a frame size that is no number
   */
  constructor(ws, address, protocols, options) {
    const normalised = normalise(protocols, options);
    this.#ws = ws;
    this.#options = normalised.options;
    const { maxFrameSize, protocolVersion } = { ...DEFAULTS, ...this.#options };
    frameSizeOf(maxFrameSize);
    if (!PROTOCOL_VERSIONS.includes(protocolVersion)) {
      throw new RangeError(
        `Unsupported protocol version: ${protocolVersion} ` +
          `(supported versions: ${PROTOCOL_VERSIONS.join(', ')})`
      );
    }
    const url = parseAddress(address);
    ws[kSetUrl](url.href);
    checkUrl(url);
    this.#address = address;
    this.#protocols = checkProtocols(normalised.protocols);
    ws[kSetOptions]({ ...DEFAULTS, ...this.#options });
    this.#request(url);
  }

  #request(url) {
    const isSecure = url.protocol === 'wss:';
    const key = randomBytes(16).toString('base64');
    const opts = this.#requestOptions(url, key);
    if (opts.followRedirects) this.#guardCredentials(url, opts);

    const ws = this.#ws;
    const req = (isSecure ? https : http).request(opts);
    ws[kSetRequest](req);
    if (this.#redirects > 0) ws.emit('redirect', ws.url, req);
    if (opts.timeout) {
      req.on('timeout', () => this.#abort(req, 'Opening handshake has timed out'));
    }
    req.on('error', (error) => {
      if (ws._req !== req || aborted.has(req)) return;
      ws[kSetRequest](null);
      ws[kFail](error);
    });
    req.on('response', (res) => this.#onResponse(req, res, opts));
    req.on('upgrade', (res, socket, head) => this.#onUpgrade(res, socket, head, key, opts));
    if (opts.finishRequest) opts.finishRequest(req, ws);
    else req.end();
  }

  #requestOptions(url, key) {
    const isSecure = url.protocol === 'wss:';
    const opts = { ...DEFAULTS, ...this.#options, ...OVERWRITTEN };
    const defaultPort = isSecure ? 443 : 80;
    opts.createConnection ||= isSecure ? connectTls : connectPlain;
    opts.defaultPort ||= defaultPort;
    opts.port = url.port || defaultPort;
    opts.host = url.hostname.replace(/^\[|\]$/g, '');
    opts.path = url.pathname + url.search;
    opts.timeout = opts.handshakeTimeout;
    opts.headers = {
      ...opts.headers,
      'Sec-WebSocket-Version': opts.protocolVersion,
      'Sec-WebSocket-Key': key,
      Connection: 'Upgrade',
      Upgrade: 'websocket'
    };
    if (opts.perMessageDeflate) {
      const { maxPayload } = opts;
      const options = { ...opts.perMessageDeflate, isServer: false, maxPayload };
      this.#perMessageDeflate = new PerMessageDeflate(options);
      opts.headers['Sec-WebSocket-Extensions'] = extension.format({
        [PerMessageDeflate.extensionName]: this.#perMessageDeflate.offer()
      });
    }
    if (this.#protocols.size > 0) {
      opts.headers['Sec-WebSocket-Protocol'] = [...this.#protocols].join(',');
    }
    if (opts.origin) {
      opts.headers[opts.protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin'] = opts.origin;
    }
    if (url.username || url.password) {
      opts.auth = `${querystring.unescape(url.username)}:${querystring.unescape(url.password)}`;
    }
    if (url.protocol === 'ws+unix:') {
      const colon = opts.path.indexOf(':');
      opts.socketPath = colon === -1 ? opts.path : opts.path.slice(0, colon);
      opts.path = colon === -1 ? '' : opts.path.slice(colon + 1);
    }
    return opts;
  }

  // Credentials are for the host that they were given for: on the way to another one, or from TLS
  // to plain text, they are dropped, unless a 'redirect' listener takes care of them.
  #guardCredentials(url, opts) {
    const isIpc = url.protocol === 'ws+unix:';
    const isSecure = url.protocol === 'wss:';
    const host = isIpc ? opts.socketPath : url.host;
    if (this.#redirects === 0) {
      this.#origin = { isIpc, isSecure, host };
      const headers = Object.entries(this.#options?.headers ?? {});
      this.#options = {
        ...this.#options,
        headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
      };
    } else if (this.#ws.listenerCount('redirect') === 0) {
      const isSameHost = isIpc === this.#origin.isIpc && host === this.#origin.host;
      if (!isSameHost || (this.#origin.isSecure && !isSecure)) {
        delete opts.headers.authorization;
        delete opts.headers.cookie;
        if (!isSameHost) delete opts.headers.host;
        opts.auth = undefined;
      }
    }
    // The first Authorization header wins over what a later URL holds.
    if (opts.auth && !this.#options.headers.authorization) {
      this.#options.headers.authorization = `Basic ${Buffer.from(opts.auth).toString('base64')}`;
    }
  }

  #onResponse(req, res, opts) {
    const ws = this.#ws;
    const { location } = res.headers;
    const isRedirect = location && res.statusCode >= 300 && res.statusCode < 400;
    if (isRedirect && opts.followRedirects) {
      this.#redirect(req, location, opts);
    } else if (!ws.emit('unexpected-response', req, res)) {
      this.#abort(req, `Unexpected server response: ${res.statusCode}`);
    }
  }

  #redirect(req, location, opts) {
    const ws = this.#ws;
    if (++this.#redirects > opts.maxRedirects) {
      this.#abort(req, 'Maximum redirects exceeded');
      return;
    }
    aborted.add(req);
    req.destroy();
    let url;
    try {
      url = new URL(location, this.#address);
    } catch {
      ws[kFail](new SyntaxError(`Invalid URL: ${location}`));
      return;
    }
    this.#address = url;
    url = parseAddress(url);
    ws[kSetUrl](url.href);
    try {
      checkUrl(url);
    } catch (error) {
      ws[kFail](error);
      return;
    }
    this.#request(url);
  }

  #onUpgrade(res, socket, head, key, opts) {
    const ws = this.#ws;
    ws.emit('upgrade', res);
    // A listener may have closed it.
    if (ws.readyState !== ws.CONNECTING) return;
    ws[kSetRequest](null);

    const message = this.#checkResponse(res, key);
    if (message !== undefined) {
      this.#abort(socket, message);
      return;
    }
    ws._protocol = res.headers['sec-websocket-protocol'] || '';
    ws.setSocket(socket, head, {
      allowSynchronousEvents: opts.allowSynchronousEvents,
      generateMask: opts.generateMask,
      maxBufferedChunks: opts.maxBufferedChunks,
      maxFragments: opts.maxFragments,
      maxPayload: opts.maxPayload,
      skipUTF8Validation: opts.skipUTF8Validation,
      ...streamOptionsOf(opts)
    });
  }

  // What is wrong with the server's answer (RFC 6455 4.1), if anything is.
  #checkResponse({ headers }, key) {
    if (headers.upgrade === undefined || headers.upgrade.toLowerCase() !== 'websocket') {
      return 'Invalid Upgrade header';
    }
    if (headers['sec-websocket-accept'] !== native.acceptValue(key)) {
      return 'Invalid Sec-WebSocket-Accept header';
    }
    const protocol = headers['sec-websocket-protocol'];
    if (protocol !== undefined) {
      if (this.#protocols.size === 0) return 'Server sent a subprotocol but none was requested';
      if (!this.#protocols.has(protocol)) return 'Server sent an invalid subprotocol';
    } else if (this.#protocols.size > 0) {
      return 'Server sent no subprotocol';
    }
    const extensions = headers['sec-websocket-extensions'];
    return extensions === undefined ? undefined : this.#acceptExtensions(extensions);
  }

  #acceptExtensions(header) {
    if (this.#perMessageDeflate === null) {
      return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
    }
    const invalid = 'Invalid Sec-WebSocket-Extensions header';
    const { extensionName } = PerMessageDeflate;
    let extensions;
    try {
      extensions = extension.parse(header);
    } catch {
      return invalid;
    }
    const names = Object.keys(extensions);
    if (names.length !== 1 || names[0] !== extensionName) {
      return 'Server indicated an extension that was not requested';
    }
    try {
      this.#perMessageDeflate.accept(extensions[extensionName]);
    } catch {
      return invalid;
    }
    this.#ws._extensions[extensionName] = this.#perMessageDeflate;
    return undefined;
  }

  #abort(stream, message) {
    abortHandshake(this.#ws, stream, message);
  }
}

/**
 * Ends a handshake that has not come to its end.
 *
 * @param {WebSocket} ws
 * @param {(http.ClientRequest|Duplex)} stream the request, or after the answer the socket
 * @param {String} message of the error
 */
function abortHandshake(ws, stream, message) {
  ws[kBeginEnd]();
  const error = new Error(message);
  Error.captureStackTrace(error, abortHandshake);
  if (stream.setHeader === undefined) {
    stream.destroy(error);
    stream.once('error', (reason) => ws.emit('error', reason));
    stream.once('close', () => ws.emitClose());
    return;
  }
  aborted.add(stream);
  // Not destroy(): the request's 'abort' event is what users of ws can see.
  stream.abort();
  if (stream.socket && !stream.socket.destroyed) stream.socket.destroy();
  process.nextTick(() => ws[kFail](error));
}

function connectPlain(options) {
  options.path = options.socketPath;
  return net.connect(options);
}

function connectTls(options) {
  options.path = undefined;
  if (!options.servername && options.servername !== '') {
    options.servername = net.isIP(options.host) ? '' : options.host;
  }
  return tls.connect(options);
}

module.exports = { ClientHandshake, abortHandshake };
