'use strict';

// Containers and tracers put something around objects: what users see works through a Proxy, and as the
// prototype of another object.

const { once } = require('events');
const { PassThrough } = require('stream');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { attempt, parity, plain, start, stop } = require('./parity');
const { openBy } = require('./ways');

expectNothingLeftOpen();

const WRAPS = {
  'a Proxy': (object) => new Proxy(object, {}),
  'Object.create()': (object) => Object.create(object)
};

for (const [name, wrap] of Object.entries(WRAPS)) {
  describe(`through ${name}`, () => {
    for (const way of ['port', 'server', 'client', 'tls']) {
      parity(`a WebSocket: ${way}`, async (lib) => {
        const log = [];
        const { ws, peer, frame, stop: end } = await openBy(lib, way);
        const wrapped = wrap(ws);
        wrapped.on('message', (data, isBinary) => log.push(plain(data), isBinary));
        wrapped.addEventListener('close', ({ code }) => log.push(['onclose', code]));
        log.push(wrapped._receiver === ws._receiver, wrapped._sender === ws._sender);
        log.push(wrapped._socket === ws._socket);
        wrapped.binaryType = 'arraybuffer';
        log.push(wrapped.binaryType, wrapped.readyState, wrapped.extensions, wrapped.protocol);
        for (const act of [
          () => wrapped.send('text'),
          () => wrapped.send(Buffer.from('bytes'), { fin: true }),
          () => wrapped.ping('p'),
          () => wrapped.pong('p'),
          () => wrapped.pause(),
          () => wrapped.isPaused,
          () => wrapped.resume(),
          () => wrapped.bufferedAmount
        ]) {
          log.push(attempt(act));
        }
        const got = once(ws, 'message');
        await peer.send(frame('binary', 'hello'));
        await got;
        const closed = once(ws, 'close');
        wrapped.terminate();
        await closed;
        await end();
        return log;
      });
    }

    parity('a Sender', async (lib) => {
      const out = new PassThrough();
      const sender = wrap(new lib.Sender(out));
      const log = [attempt(() => sender._bufferedBytes)];
      const options = { binary: false, compress: false, fin: true, mask: false };
      let sent;
      const done = new Promise((resolve) => (sent = resolve));
      for (const act of [
        () => sender.send('text', options),
        () => sender.ping('p', false),
        () => sender.pong('p', false),
        () => sender.send(new Blob(['blob']), options),
        () => sender.close(1000, 'bye', false, sent),
        () => sender._bufferedBytes
      ]) {
        log.push(attempt(act));
      }
      await done;
      return [log, plain(out.read())];
    });

    parity('a Receiver', async (lib) => {
      const log = [];
      const receiver = wrap(new lib.Receiver({ isServer: false }));
      for (const event of ['message', 'ping', 'conclude', 'error']) {
        receiver.on(event, (...args) => log.push([event, ...args.map(plain)]));
      }
      log.push(attempt(() => receiver.write(Buffer.from([0x81, 1, 97, 0x89, 0, 0x88, 2, 3, 232]))));
      await new Promise(setImmediate);
      log.push(attempt(() => void receiver.end()));
      await new Promise(setImmediate);
      return log;
    });

    parity('PerMessageDeflate', async (lib) => {
      const extension = wrap(new lib.PerMessageDeflate({ isServer: true, threshold: 0 }));
      const log = [attempt(() => void extension.accept([{}])), extension.params];
      const packed = await new Promise((resolve, reject) =>
        extension.compress(Buffer.from('hello'), true, (error, data) =>
          error ? reject(error) : resolve(data)
        )
      );
      log.push(
        packed.length,
        attempt(() => extension.cleanup())
      );
      return log;
    });

    parity("a port's server, and what listens for it", async (lib) => {
      const { server } = await start(lib);
      const wrapped = wrap(server);
      const own = wrap(server._server);
      const log = [typeof wrapped.address().port, typeof own.address().port, own.listening];
      log.push(await new Promise((resolve) => own.getConnections((...args) => resolve(args))));
      log.push(own.setTimeout(1000) === own, own.unref() === own, own.ref() === own);
      await stop(wrapped);
      return log;
    });
  });
}
