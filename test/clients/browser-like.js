'use strict';

/**
 * What every client with the browser's WebSocket API must be able to do with an echo server.
 *
 * @param {Function} WebSocket the client's class
 * @param {function(): String} url of an echo server
 */
function describeClient(WebSocket, url) {
  function connect(protocols) {
    const socket = new WebSocket(url(), protocols);
    socket.binaryType = 'arraybuffer';
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(socket);
      socket.onerror = reject;
    });
  }

  function next(socket) {
    return new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
  }

  function close(socket, ...args) {
    const end = new Promise((resolve) => (socket.onclose = resolve));
    socket.close(...args);
    return end;
  }

  test('text comes back as it was', async () => {
    const socket = await connect();
    for (const text of ['', 'a', 'é€😀', 'x'.repeat(126), 'y'.repeat(70000)]) {
      socket.send(text);
      expect(await next(socket)).toBe(text);
    }
    await close(socket);
  });

  test.each([1, 125, 126, 65535, 65536, 10 * 1024 * 1024])('%d bytes come back', async (size) => {
    const socket = await connect();
    const bytes = Buffer.alloc(size, 'wsuv');
    socket.send(new Uint8Array(bytes).buffer);
    const data = await next(socket);
    expect(Buffer.from(data).equals(bytes)).toBe(true);
    await close(socket);
  });

  test('many messages keep their order', async () => {
    const socket = await connect();
    const got = [];
    const all = new Promise((resolve) => {
      socket.onmessage = ({ data }) => got.push(data) === 500 && resolve();
    });
    for (let i = 0; i < 500; i++) socket.send(String(i));
    await all;
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
    await close(socket);
  });

  test('the close code and reason come back', async () => {
    const socket = await connect();
    const { code, reason, wasClean } = await close(socket, 4321, 'because');
    expect([code, reason, wasClean]).toEqual([4321, 'because', true]);
  });

  test('the server can close', async () => {
    const socket = await connect();
    const end = new Promise((resolve) => (socket.onclose = resolve));
    socket.send('please close');
    const { code, reason } = await end;
    expect([code, reason]).toEqual([4000, 'as you wish']);
  });

  test('the server can send fragments and pings', async () => {
    const socket = await connect();
    socket.send('please fragment');
    expect(await next(socket)).toBe('a message in fragments');
    expect(await next(socket)).toBe('got a pong');
    await close(socket);
  });

  test('subprotocols are negotiated', async () => {
    const socket = await connect(['first', 'second']);
    expect(socket.protocol).toBe('first');
    await close(socket);
  });
}

module.exports = { describeClient };
