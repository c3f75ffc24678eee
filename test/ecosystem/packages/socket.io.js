'use strict';

// Rooms, broadcasts, binary and acknowledgements over the websocket transport alone, with compression
// off and on; broadcasts go out as frames that engine.io has made before (wsPreEncodedFrame).

const assert = require('assert');
const { once } = require('events');
const http = require('http');

const { Server } = require('socket.io');
const { io } = require('socket.io-client');

async function converse(perMessageDeflate) {
  const web = http.createServer();
  const server = new Server(web, { transports: ['websocket'], perMessageDeflate });
  server.on('connection', (socket) => {
    socket.on('join', (room, done) => done(socket.join(room)));
    socket.on('say', (room, text) => server.to(room).emit('said', text));
    socket.on('binary', (data, done) => done(Buffer.from(data).reverse()));
  });
  web.listen(0);
  await once(web, 'listening');
  const url = `http://127.0.0.1:${web.address().port}`;
  const clients = [0, 1, 2].map(() => io(url, { transports: ['websocket'], forceNew: true }));
  await Promise.all(
    clients.map((client) => new Promise((resolve) => client.on('connect', resolve)))
  );
  const [one, two, three] = clients;

  await one.emitWithAck('join', 'room');
  await two.emitWithAck('join', 'room');
  const heard = [one, two].map((client) => new Promise((resolve) => client.once('said', resolve)));
  three.on('said', () => assert.fail('not in the room'));
  const text = 'hello, '.repeat(1000);
  three.emit('say', 'room', text);
  assert.deepStrictEqual(await Promise.all(heard), [text, text]);

  const everybody = clients.map((client) => new Promise((resolve) => client.once('all', resolve)));
  server.emit('all', { n: 1, bytes: Buffer.from([1, 2, 3]) });
  for (const { n, bytes } of await Promise.all(everybody)) {
    assert.deepStrictEqual([n, [...bytes]], [1, [1, 2, 3]]);
  }
  assert.deepStrictEqual([...(await one.emitWithAck('binary', Buffer.from([1, 2])))], [2, 1]);

  const gone = new Promise((resolve) => {
    server.sockets.sockets.get(three.id).on('disconnect', resolve);
  });
  three.disconnect();
  assert.strictEqual(await gone, 'client namespace disconnect');
  one.disconnect();
  two.disconnect();
  await server.close();
}

async function main() {
  await converse(false);
  await converse({ threshold: 0 });
  await converse(true);
}
main().then(() => console.log('done'));
