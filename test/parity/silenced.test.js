'use strict';

// Under ws a WebSocket gets its bytes from a listener of its socket's, which programs take off: to have
// the bytes for themselves, or for some time.

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity, plain } = require('./parity');
const { WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

const turn = () => new Promise(setImmediate);
const turns = async (count) => {
  for (let i = 0; i < count; i++) await turn();
};

// What a WebSocket tells while `use` does something to its socket. `say` sends messages and waits until
// they have arrived.
const everywhere = (title, use) => {
  for (const way of WAYS) {
    parity(`${title}: ${way}`, async (lib) => {
      const log = [];
      const { ws, peer, frame, bye, stop } = await openBy(lib, way);
      const { _socket: socket } = ws;
      for (const event of ['message', 'ping', 'error', 'close']) {
        ws.on(event, (...args) => log.push([event, ...args.map(plain), ws.readyState]));
      }
      const say = async (...frames) => {
        const { bytesRead } = socket;
        await peer.send(...frames);
        while (socket.bytesRead === bytesRead) await turn();
        await turns(10);
        log.push('said');
      };
      const own = socket.listeners('data')[0];
      const closed = new Promise((resolve) => ws.on('close', resolve));
      await use({ bye, closed, frame, log, own, peer, say, socket, ws });
      const told = [...log, socket.listenerCount('data'), ws.readyState];
      await stop();
      return told;
    });
  }
};

everywhere('removeAllListeners("data")', async ({ frame, say, socket }) => {
  await say(frame('text', 'before'));
  socket.removeAllListeners('data');
  await say(frame('text', 'lost'), frame('ping', 'lost'));
});

everywhere('removeListener() with its own one', async ({ frame, own, say, socket }) => {
  socket.removeListener('data', own);
  await say(frame('text', 'lost'));
});

for (const method of ['on', 'addListener', 'prependListener']) {
  everywhere(`off(), and ${method}() again`, async ({ frame, own, say, socket }) => {
    socket.off('data', own);
    await say(frame('text', 'lost'));
    socket[method]('data', own);
    await say(frame('text', 'after'));
  });
}

everywhere('off() and on() in one turn lose nothing', async ({ frame, own, say, socket }) => {
  socket.off('data', own);
  socket.on('data', own);
  await say(frame('text', 'after'));
});

everywhere('in a handler, what came with that message still comes', async (connection) => {
  const { frame, say, socket, ws } = connection;
  ws.once('message', () => socket.removeAllListeners('data'));
  await say(frame('text', 'one'), frame('text', 'two'));
  await say(frame('text', 'lost'));
});

everywhere('a program has the bytes for itself', async ({ bye, frame, log, say, socket }) => {
  socket.removeAllListeners('data');
  socket.on('data', (chunk) => log.push(['data', chunk.toString('latin1')]));
  await say(frame('text', 'x'));
  await say('no frame at all, but a long line of another protocol');
  await say(bye);
  socket.write('answer');
});

everywhere('the end still comes', async ({ closed, frame, peer, say, socket }) => {
  socket.removeAllListeners('data');
  await say(frame('text', 'lost'));
  peer.socket.end();
  await closed;
});

everywhere('so does terminate()', async ({ closed, socket, ws }) => {
  socket.removeAllListeners('data');
  ws.terminate();
  await closed;
});

everywhere('what is sent still leaves', async ({ log, peer, socket, ws }) => {
  socket.removeAllListeners('data');
  await new Promise((resolve) =>
    ws.send('x', (error) => resolve(log.push(['sent', plain(error)])))
  );
  await peer.until((bytes) => bytes.length > 0);
});
