'use strict';

// What a program makes `_socket` and `_receiver` say, where nothing of the kind has happened.

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity, plain } = require('./parity');
const { WAYS, openBy } = require('./ways');

expectNothingLeftOpen();

const turn = () => new Promise(setImmediate);

// What a WebSocket tells, up to its 'close' at most, while `use` does things.
async function hear(lib, way, use) {
  const log = [];
  const { ws, peer, frame, bye, stop } = await openBy(lib, way);
  let isOver = false;
  const note = (name, ...args) => isOver || log.push([name, ...args.map(plain), ws.readyState]);
  for (const event of ['message', 'ping', 'pong', 'error']) {
    ws.on(event, (...args) => note(event, ...args));
  }
  const closed = new Promise((resolve) =>
    ws.on('close', (...args) => {
      note('close', ...args);
      isOver = true;
      resolve();
    })
  );
  await use({ bye, closed, frame, note, peer, ws });
  peer.socket.destroy();
  await closed;
  // Under ws a faked 'close' leaves it to itself.
  ws._socket.destroy();
  await stop();
  return log;
}

const everywhere = (title, use) => {
  for (const way of WAYS) parity(`${title}: ${way}`, (lib) => hear(lib, way, use));
};

const FAKES = {
  "emit('end')": (socket) => socket.emit('end'),
  "emit('error')": (socket) => socket.emit('error', new Error('fake')),
  "emit('close')": (socket) => socket.emit('close', false),
  'push(null)': (socket) => socket.push(null),
  'destroy()': (socket) => socket.destroy(),
  'destroy() with an error': (socket) => socket.destroy(new Error('mine'))
};

for (const [name, fake] of Object.entries(FAKES)) {
  const act = ({ note, ws }) => {
    note('before');
    fake(ws._socket);
    note('after');
  };

  everywhere(name, (connection) => act(connection));

  for (const event of ['message', 'ping']) {
    everywhere(`${name} in a handler of '${event}'`, async (connection) => {
      const { frame, peer, ws } = connection;
      const acted = new Promise((resolve) =>
        ws.once(event, () => {
          act(connection);
          resolve();
        })
      );
      const type = event === 'message' ? 'text' : 'ping';
      // Those behind destroy() are another matter.
      const behind = name.startsWith('destroy') ? [] : [frame('text', 'behind')];
      await peer.send(frame(type, 'one'), ...behind);
      await acted;
    });
  }
}

const withBits = (bytes, index, bits) => {
  const copy = Buffer.from(bytes);
  copy[index] ^= bits;
  return copy;
};

const BYTES = {
  'a frame': ({ frame }) => frame('text', 'one'),
  'two frames': ({ frame }) => Buffer.concat([frame('text', 'one'), frame('text', 'two')]),
  'a close frame': ({ bye }) => bye,
  'a frame with a reserved bit': ({ frame }) => withBits(frame('text', 'one'), 0, 0x20),
  'a frame with the wrong mask bit': ({ frame }) => withBits(frame('text', ''), 1, 0x80),
  'text that is none': ({ frame }) => frame('text', Buffer.from([0xff])),
  'a frame, and a faulty one': ({ frame }) =>
    Buffer.concat([frame('text', 'one'), withBits(frame('text', 'two'), 0, 0x20)])
};

const GIVERS = {
  '_receiver.write()': (ws, bytes) => ws._receiver.write(bytes),
  '_socket.push()': (ws, bytes) => ws._socket.push(bytes),
  "_socket.emit('data')": (ws, bytes) => ws._socket.emit('data', bytes)
};

for (const [how, give] of Object.entries(GIVERS)) {
  for (const [what, make] of Object.entries(BYTES)) {
    everywhere(`${how} of ${what}`, async (connection) => {
      const { note, ws } = connection;
      ws.on('message', () => {
        process.nextTick(note, 'tick of the message');
        Promise.resolve().then(() => note('promise of the message'));
      });
      note('returned', give(ws, Buffer.from(make(connection))));
      process.nextTick(() => {
        note('tick');
        process.nextTick(() => {
          note('second tick');
          process.nextTick(note, 'third tick');
        });
      });
      await Promise.resolve();
      note('promise');
      await turn();
      note('turn');
    });
  }
}
