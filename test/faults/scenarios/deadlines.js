'use strict';

// Turns of the event loop that take longer than the time-outs that are counting.

const { closeFrame, parseFrames } = require('../../helpers/frames');
const { block, openSite, turns, until, upgradeRequest, visit } = require('../../helpers/sites');

const TIMEOUT = 1000;
const BLOCKED = 1300;

/** Much is sent and the connection closed at the end of a turn that was longer than closeTimeout. */
exports.closeAtEndOfLongTurn = async ({ lib, site }) => {
  const wss = await openSite(lib, site, { closeTimeout: TIMEOUT });
  const size = 16 * 1024 * 1024;
  let code;
  wss.on('connection', (ws) => {
    ws.on('message', () => {
      block(BLOCKED);
      ws.send(Buffer.alloc(size));
      ws.close(1000);
    });
    ws.on('close', (closeCode) => (code = closeCode));
  });
  const client = new lib.WebSocket(`${site === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${wss.port}`, {
    rejectUnauthorized: false
  });
  let got = 0;
  let clientCode;
  client.on('message', (data) => (got = data.length));
  client.on('close', (closeCode) => (clientCode = closeCode));
  client.on('open', () => client.send('go'));
  await until(() => code !== undefined && clientCode !== undefined);
  return { got: got === size, code, clientCode };
};

/** The rest of a request head comes in time, while the turn is longer than handshakeTimeout. */
exports.headDuringLongTurn = async ({ lib, site }) => {
  const wss = await openSite(lib, site, { handshakeTimeout: TIMEOUT });
  const client = await wss.connect().connected();
  const request = upgradeRequest();
  client.socket.write(request.slice(0, 30));
  await turns(20);
  client.socket.write(request.slice(30));
  block(BLOCKED);
  return (await client.response()).split('\r\n')[0];
};

/** The peer's close frame comes in time, while the turn is longer than closeTimeout. */
exports.closingHandshakeDuringLongTurn = async ({ lib, site }) => {
  const wss = await openSite(lib, site, { closeTimeout: TIMEOUT });
  let code;
  let socket;
  wss.on('connection', (ws) => {
    socket = ws;
    ws.on('close', (closeCode) => (code = closeCode));
  });
  const client = await visit(wss);
  await until(() => socket !== undefined);
  socket.close(1000);
  await client.until((bytes) => parseFrames(bytes).frames.length === 1);
  client.socket.write(closeFrame(1000));
  client.socket.end();
  block(BLOCKED);
  await until(() => code !== undefined);
  return code;
};

/** A refusal is written at the end of a turn that was longer than handshakeTimeout. */
exports.refusalAtEndOfLongTurn = async ({ lib, site }) => {
  const body = 'no '.repeat(500000);
  const wss = await openSite(lib, site, {
    handshakeTimeout: TIMEOUT,
    verifyClient(info, done) {
      block(BLOCKED);
      done(false, 401, body);
    }
  });
  const client = wss.connect();
  await client.connected();
  client.socket.write(upgradeRequest());
  await client.closed;
  return {
    head: client.received.toString('latin1', 0, 12),
    isWhole: client.received.length > body.length
  };
};

/** What was sent at the end of a long turn counts as activity, for a time-out of the socket's. */
exports.activityAtEndOfLongTurn = async ({ lib, site }) => {
  const wss = await openSite(lib, site);
  let socket;
  let timeouts = 0;
  wss.on('connection', (ws) => (socket = ws));
  const client = await visit(wss);
  await until(() => socket !== undefined);
  socket._socket.setTimeout(TIMEOUT, () => timeouts++);
  await turns(4);
  block(BLOCKED - 600);
  socket.send('x');
  await turns(4);
  block(600);
  socket.send('x');
  await turns(20);
  await client.until((bytes) => parseFrames(bytes).frames.length === 2);
  return timeouts;
};
