'use strict';

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const ws = require('ws');

const wsuv = require('../..');
const { closeFrame } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');

/**
 * Describes a test that runs one scenario against ws and against wsuv and compares the records.
 *
 * @param {String} title
 * @param {function(Object): Promise<*>} scenario gets the package, returns what it observed
 */
function parity(title, scenario) {
  test(title, async () => {
    const [expected, actual] = [await scenario(ws), await scenario(wsuv)];
    expect(actual).toEqual(expected);
  });
}

// Errors of Node's own modules are of another realm than those of a test.
function isError(value) {
  return Object.prototype.toString.call(value) === '[object Error]';
}

/** An error as plain data: all that a program could look at, but the stack and private symbols. */
function describeError(error) {
  if (!isError(error)) return error;
  const { name, message } = error;
  const rest = Object.fromEntries(Object.entries(error));
  return { class: Object.getPrototypeOf(error).constructor.name, name, message, ...rest };
}

/** What a function throws, as data; or what it returns, where that is a primitive value. */
function attempt(action) {
  try {
    const returned = action();
    return { returned: Object(returned) === returned ? 'an object' : returned };
  } catch (error) {
    return { thrown: describeError(error) };
  }
}

/** Any value as plain data. */
function plain(value) {
  if (isError(value)) return describeError(value);
  if (Buffer.isBuffer(value)) return { buffer: summary(value) };
  if (value instanceof ArrayBuffer) return { arrayBuffer: summary(Buffer.from(value)) };
  if (Array.isArray(value)) return value.map(plain);
  return value;
}

function summary(buffer) {
  const text = buffer.toString('latin1');
  return text.length <= 200
    ? text
    : `${text.length} bytes ${text.slice(0, 20)}...${text.slice(-20)}`;
}

/** Starts a server of a package on a free port. */
async function start(lib, options = {}) {
  const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  return { server, port: server.address().port };
}

/** The same on an HTTP server, whose sockets wsuv takes over, or over TLS, where it works on a stream. */
async function startOnHttp(lib, options = {}, secure = false) {
  const web = secure ? https.createServer(certificate()) : http.createServer();
  const server = new lib.WebSocketServer({ server: web, ...options });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  server.on('close', () => web.close());
  return { server, port: web.address().port };
}

function certificate() {
  const helpers = path.join(__dirname, '..', 'helpers');
  return {
    key: fs.readFileSync(path.join(helpers, 'tls-key.pem')),
    cert: fs.readFileSync(path.join(helpers, 'tls-cert.pem'))
  };
}

function stop(server) {
  for (const client of server.clients ?? []) client.terminate();
  return new Promise((resolve) => server.close(resolve));
}

const EVENTS = ['message', 'ping', 'pong', 'error', 'close'];

/** Writes every event of a socket down, with its arguments and the state in the handler. */
function record(ws, log, events = EVENTS) {
  for (const event of events) {
    ws.on(event, (...args) => {
      log.push([event, ...args.map(plain), `readyState ${ws.readyState}`]);
    });
  }
}

/**
 * One connection from a raw client to a server of the package.
 *
 * @param {Object} lib
 * @param {Object} script
 * @param {Object} [script.options] of the server
 * @param {(Boolean|String)} [script.onHttp] whether the server is on an HTTP server; 'https' for TLS
 * @param {Object} [script.headers] of the request
 * @param {function(WebSocket, Array, Request)} [script.onConnection] gets the log too
 * @param {Buffer[]} [script.send] what the client sends once it is connected, in one packet
 * @param {function(RawClient)} [script.client] what it does instead
 * @return {Promise<{log: Array, bytes: String}>} the server side's events, and all the bytes that
 *     came after the response
 */
async function converse(lib, { options, onHttp, headers, onConnection, send, client: act } = {}) {
  const secure = onHttp === 'https';
  const { server, port } = await (onHttp ? startOnHttp(lib, options, secure) : start(lib, options));
  const log = [];
  const closed = new Promise((resolve) => {
    server.on('connection', (socket, req) => {
      record(socket, log);
      socket.on('close', resolve);
      if (onConnection) onConnection(socket, log, req);
    });
  });
  const client = new RawClient(port, { secure });
  await client.upgrade(headers);
  if (send !== undefined) await client.send(...send);
  if (act) await act(client);
  else await client.until((bytes) => endsWithCloseFrame(bytes));
  client.socket.end();
  await client.closed;
  await closed;
  await stop(server);
  return { log, bytes: summary(client.received) };
}

function endsWithCloseFrame(bytes) {
  for (let size = 0; size <= 125 && size + 2 <= bytes.length; size++) {
    const at = bytes.length - size - 2;
    if (bytes[at] === 0x88 && bytes[at + 1] === size) return true;
  }
  return false;
}

/** A close frame of the client, which ends most scripts. */
const bye = closeFrame(1000, 'bye');

/** Runs a scenario on each transport: the native listener, an HTTP server, TLS. */
async function onEach(run) {
  const records = [];
  for (const onHttp of [false, true, 'https']) records.push(await run(onHttp));
  return records;
}

module.exports = {
  attempt,
  bye,
  certificate,
  converse,
  describeError,
  endsWithCloseFrame,
  onEach,
  parity,
  plain,
  record,
  start,
  startOnHttp,
  stop,
  summary
};
