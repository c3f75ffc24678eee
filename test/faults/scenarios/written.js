'use strict';

// Callbacks for what was written, of all who wait for it at once.

const { openSite, turns, until, upgradeRequest } = require('../../helpers/sites');
const net = require('net');

/**
 * send() and _socket.write() both wait for a peer that does not read yet. Each callback comes when the
 * peer reads.
 */
exports.bothWays = async ({ lib, site, order }) => {
  const wss = await openSite(lib, site);
  const called = [];
  let socket;
  const size = 8 * 1024 * 1024;
  wss.on('connection', (ws) => {
    socket = ws;
    for (const what of order) {
      if (what === 'send') ws.send(Buffer.alloc(size), () => called.push('send'));
      else if (what === 'small') ws.send('x', () => called.push('small'));
      else ws._socket.write(Buffer.alloc(size), () => called.push('write'));
    }
  });
  const client = net.connect(wss.port, '127.0.0.1');
  client.pause();
  client.write(upgradeRequest());
  await until(() => socket !== undefined);
  await turns(20);
  const early = called.length;
  client.resume();
  await until(() => called.length >= order.length, 5000).catch(() => {});
  return {
    early: early < order.length,
    called: [...called].sort(),
    writableLength: socket._socket.writableLength,
    bufferedAmount: socket.bufferedAmount
  };
};
