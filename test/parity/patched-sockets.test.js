'use strict';

// Whoever patches the methods of Node's sockets through which bytes pass is called.

const net = require('net');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity } = require('./parity');
const { PLAIN_WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

const METHODS = ['destroy', 'emit', 'push', 'removeListener', 'write'];
const { prototype } = net.Socket;

for (const method of METHODS) {
  for (const way of PLAIN_WAYS) {
    parity(`net.Socket.prototype.${method}: ${way}`, async (lib) => {
      const seen = new Set();
      const own = Object.getOwnPropertyDescriptor(prototype, method);
      const original = prototype[method];
      prototype[method] = function (...args) {
        seen.add(this);
        return Reflect.apply(original, this, args);
      };
      try {
        const { ws, peer, frame, bye, stop } = await openBy(lib, way);
        const got = new Promise((resolve) => ws.on('message', resolve));
        const closed = new Promise((resolve) => ws.on('close', resolve));
        ws.send('x');
        await peer.send(frame('text', 'x'), bye);
        await got;
        peer.socket.end();
        await closed;
        const isSeen = [...seen].some((socket) => socket !== peer.socket && socket === ws._socket);
        await stop();
        return isSeen;
      } finally {
        if (own === undefined) delete prototype[method];
        else Object.defineProperty(prototype, method, own);
      }
    });
  }
}
