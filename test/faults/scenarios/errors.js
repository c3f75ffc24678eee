'use strict';

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');

const { upgradeRequest } = require('../../helpers/raw-client');

const describe = ({ message, ...rest }) => ({ message, ...rest });
const plain = (value) =>
  value instanceof Error ? describe(value) : Buffer.isBuffer(value) ? String(value) : value;

// A WebSocket on each kind of socket, and the socket of its peer.
const KINDS = {
  async port(lib) {
    const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return connectTo(server, server.address().port, () => server.close());
  },
  async http(lib) {
    const web = http.createServer();
    const server = new lib.WebSocketServer({ server: web });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    return connectTo(server, web.address().port, () => web.close());
  },
  async client(lib) {
    const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const options = { perMessageDeflate: false };
    const ws = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`, options);
    const [[peer]] = await Promise.all([once(server, 'connection'), once(ws, 'open')]);
    peer.on('error', () => {});
    return {
      ws,
      speak: () => peer.send('x'),
      end() {
        peer.terminate();
        server.close();
      }
    };
  }
};

async function connectTo(server, port, close) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  socket.write(upgradeRequest());
  const [ws] = await once(server, 'connection');
  return {
    ws,
    speak: () => socket.write(Buffer.from([0x81, 0x80, 0, 0, 0, 0])),
    end() {
      socket.destroy();
      close();
    }
  };
}

/**
 * What is told of a connection whose reads, or writes, fail.
 *
 * @param {Object} options
 * @param {Object} options.lib
 * @param {String} options.kind a name of KINDS
 * @param {String} options.error the name of an errno
 * @param {String} options.call read or write
 * @return {Promise<Array>}
 */
async function tell({ lib, kind, error, call }) {
  const { ws, speak, end } = await KINDS[kind](lib);
  const log = [];
  const note =
    (what) =>
    (...args) =>
      log.push([what, ...args.map(plain)]);
  for (const event of ['error', 'message']) ws.on(event, note(event));
  for (const event of ['end', 'error', 'close']) ws._socket.on(event, note(`socket: ${event}`));
  const closed = once(ws, 'close');
  fs.readlinkSync(`/wsuv-errno/${ws._socket._handle.fd}/${os.constants.errno[error]}/${call}`);
  if (call === 'read') speak();
  else for (const name of ['one', 'two']) ws.send(name, note(name));
  log.push(['close', ...(await closed).map(plain)]);
  ws.send('late', note('late'));
  await new Promise(setImmediate);
  end();
  return log;
}

module.exports = { tell };
