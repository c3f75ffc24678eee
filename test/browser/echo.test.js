'use strict';

// Chromium's own WebSocket against an echo server.

const { echoProcess } = require('../helpers/fork-echo');
const { openPage } = require('./page');

const urls = {
  '': echoProcess(),
  'permessage-deflate': echoProcess({ perMessageDeflate: true })
};
const opened = openPage();

// Chromium offers compression always: what it uses is for the server to say.
describe.each(Object.keys(urls))('with the extensions "%s"', (extensions) => {
  // Runs `act(socket, next)` in the page, with a socket that is open.
  async function inPage(act, ...args) {
    const [result, used] = await opened.page.evaluate(
      async ([source, address, values]) => {
        const socket = new WebSocket(address);
        socket.binaryType = 'arraybuffer';
        await new Promise((resolve, reject) => {
          socket.onopen = resolve;
          socket.onerror = reject;
        });
        const next = () =>
          new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
        const closed = new Promise((resolve) => (socket.onclose = resolve));
        const result = await new Function(`return ${source}`)()(socket, next, closed, ...values);
        const { extensions: negotiated } = socket;
        socket.close();
        await closed;
        return [result, negotiated.split(';')[0]];
      },
      [act.toString(), urls[extensions](), args]
    );
    expect(used).toBe(extensions);
    return result;
  }

  test.each(['', 'a', 'é€😀', 'x'.repeat(70000)])('text comes back (%#)', async (text) => {
    const result = await inPage(async (socket, next, closed, value) => {
      socket.send(value);
      return next();
    }, text);
    expect(result).toBe(text);
  });

  test.each([1, 125, 126, 65535, 65536, 10 * 1024 * 1024])('%d bytes come back', async (size) => {
    const same = await inPage(async (socket, next, closed, count) => {
      const bytes = new Uint8Array(count).map((_, i) => i * 31);
      socket.send(bytes);
      const got = new Uint8Array(await next());
      return got.length === count && got.every((byte, i) => byte === bytes[i]);
    }, size);
    expect(same).toBe(true);
  });

  test('fragments and pings from the server', async () => {
    const result = await inPage(async (socket, next) => {
      socket.send('please fragment');
      return [await next(), await next()];
    });
    expect(result).toEqual(['a message in fragments', 'got a pong']);
  });

  test('close codes, both ways', async () => {
    const ours = await inPage(async (socket, next, closed) => {
      socket.close(4321, 'because');
      const { code, reason, wasClean } = await closed;
      return [code, reason, wasClean];
    });
    expect(ours).toEqual([4321, 'because', true]);
    const theirs = await inPage(async (socket, next, closed) => {
      socket.send('please close');
      const { code, reason, wasClean } = await closed;
      return [code, reason, wasClean];
    });
    expect(theirs).toEqual([4000, 'as you wish', true]);
  });
});
