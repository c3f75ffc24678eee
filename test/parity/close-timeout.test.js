'use strict';

// The time for the closing handshake begins with close(), or with the peer's close frame, even where
// our own close frame has to wait for what was sent before.

const { once } = require('events');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity } = require('./parity');
const { WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

// One that is never read.
class Unread extends Blob {
  arrayBuffer() {
    return new Promise(() => {});
  }
}

describe.each(WAYS)('by way of %s', (way) => {
  parity('close() behind what never becomes ready', async (lib) => {
    const { stop, ws } = await openBy(lib, way, undefined, { closeTimeout: 50 });
    ws.on('error', () => {});
    ws.send(new Unread(['x']), () => {});
    ws.close(1001);
    const [code, reason] = await once(ws, 'close');
    await stop();
    return [code, `${reason}`, ws.readyState];
  });

  parity("the peer's close frame, with such a message in front of the answer", async (lib) => {
    const { bye, peer, stop, ws } = await openBy(lib, way, undefined, { closeTimeout: 50 });
    ws.on('error', () => {});
    ws.send(new Unread(['x']), () => {});
    await peer.send(bye);
    const [code, reason] = await once(ws, 'close');
    await stop();
    return [code, `${reason}`, ws.readyState];
  });
});
