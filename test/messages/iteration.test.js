'use strict';

const { once } = require('events');
const { setFlagsFromString } = require('v8');
const { runInNewContext } = require('vm');

const { WebSocket } = require('../..');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { framesOf } = require('../helpers/peer-frames');
const { connectBy, transports } = require('../helpers/transports');

expectNothingLeftOpen();

const running = [];

async function open(transport, options) {
  const made = await connectBy(transport, { perMessageDeflate: false, ...options });
  running.push(made);
  made.listeners = countsOf(made.ws);
  return made;
}

afterEach(() => Promise.all(running.splice(0).map(({ stop }) => stop())));

const turn = () => new Promise(setImmediate);
const nextTick = () => new Promise(process.nextTick);
const hasText = (text) => (bytes) =>
  framesOf(bytes).some((frame) => String(frame.payload) === text);
const closing = (code) => Buffer.from([code >> 8, code & 255]);
const texts = (frame, count, from = 0) =>
  Array.from({ length: count }, (_, i) => frame('text', String(from + i)));
const countsOf = (socket) =>
  ['message', 'close', 'error'].map((name) => socket.listenerCount(name));

const KINDS = transports.flatMap((name) => [
  [name, {}],
  [`${name}, one event a turn`, { allowSynchronousEvents: false }]
]);

describe.each(KINDS)('by %s', (name, options) => {
  const [transport] = name.split(',');

  test('messages come in order, and the loop ends when the connection does', async () => {
    const { frame, listeners, peer, ws } = await open(transport, options);
    const got = [];
    const done = (async () => {
      for await (const data of ws) {
        got.push(data);
        await turn();
      }
    })();
    await peer.send(...texts(frame, 300), frame('binary', 'b'), frame('close', closing(1000)));
    await done;
    expect(got.length).toBe(301);
    expect(got.slice(0, 300)).toEqual(Array.from({ length: 300 }, (_, i) => String(i)));
    expect(got[300]).toEqual(Buffer.from('b'));
    expect(countsOf(ws)).toEqual(listeners);
    expect(ws.readyState).toBe(ws.CLOSED);
    peer.end();
  });

  test('messages() gives them as they are emitted, and nothing is lost between two loops', async () => {
    const { frame, peer, ws } = await open(transport, options);
    const emitted = [];
    ws.on('message', (data) => emitted.push(String(data)));
    const got = [];
    // The first loop is there before the messages are.
    const first = ws.messages({ highWaterMark: 2 });
    await peer.send(...texts(frame, 6), frame('binary', '6'), frame('close'));
    for await (const { data, isBinary } of first) {
      got.push([String(data), isBinary]);
      if (got.length === 3) break;
    }
    expect(emitted).toEqual(['0', '1', '2']);
    for await (const data of ws) {
      got.push([data, false]);
      if (got.length === 5) break;
    }
    for await (const { data, isBinary } of ws.messages()) got.push([String(data), isBinary]);
    expect(got).toEqual([
      ...['0', '1', '2', '3', '4', '5'].map((text) => [text, false]),
      ['6', true]
    ]);
    expect(emitted).toEqual(got.map(([text]) => text));
    peer.end();
  });

  test.each([0, 1, 16, 100])(
    'no more than %i messages wait while nobody asks',
    async (highWaterMark) => {
      const { frame, peer, ws } = await open(transport, options);
      const iterator =
        highWaterMark === 0 ? ws[Symbol.asyncIterator]() : ws.messages({ highWaterMark });
      await peer.send(...texts(frame, 300));
      for (const asked of [1, 2]) {
        for (let i = 0; i < asked; i++) await iterator.next();
        for (let i = 0; i < 50; i++) await turn();
      }
      let waiting = 0;
      ws.on('message', () => waiting++);
      await iterator.return();
      await nextTick();
      // What waits is emitted at once, and everything else when it was read.
      if (options.allowSynchronousEvents === false)
        expect(waiting).toBeLessThanOrEqual(highWaterMark);
      else expect(waiting).toBe(highWaterMark);
      while (waiting < 297) await turn();
      await turn();
      expect(waiting).toBe(297);
    }
  );

  test('while the body runs, nothing is read; and the peer notices', async () => {
    const { frame, peer, ws } = await open(transport, options);
    const iterator = ws[Symbol.asyncIterator]();
    const message = frame('binary', Buffer.alloc(256 * 1024));
    let sent = 0;
    let isOver = false;
    const sending = (async () => {
      while (!isOver && sent < 200) {
        await peer.send(message);
        sent++;
      }
    })();
    const { value } = await iterator.next();
    expect(value.length).toBe(256 * 1024);
    let before;
    do {
      before = sent;
      for (let i = 0; i < 200; i++) await turn();
    } while (sent !== before);
    expect(sent).toBeLessThan(200);
    for (let i = 0; i < 10; i++) await iterator.next();
    isOver = true;
    await iterator.return();
    await sending;
    expect(ws.isPaused).toBe(false);
  });

  test('break gives the rest to listeners, and reads on', async () => {
    const { frame, listeners, peer, ws } = await open(transport, options);
    await Promise.all([
      peer.send(...texts(frame, 4)),
      (async () => {
        for await (const data of ws) if (data === '1') break;
      })()
    ]);
    expect(countsOf(ws)).toEqual(listeners);
    const rest = [];
    const enough = new Promise((resolve) =>
      ws.on('message', (data) => rest.push(String(data)) && String(data) === '5' && resolve())
    );
    await peer.send(...texts(frame, 2, 4));
    await enough;
    expect(rest.slice(-2)).toEqual(['4', '5']);
    ws.send('still open');
    await peer.until(hasText('still open'));
  });

  test.each([
    [1000, undefined],
    [1001, undefined],
    [undefined, undefined],
    [1011, 1011],
    [4000, 4000]
  ])('a close frame with %p', async (code, thrown) => {
    const { frame, listeners, peer, ws } = await open(transport, options);
    const iterator = ws.messages()[Symbol.asyncIterator]();
    const asked = iterator.next();
    await peer.send(frame('text', 'last'), frame('close', code ? closing(code) : ''));
    expect((await asked).value.data).toEqual(Buffer.from('last'));
    const end = iterator.next();
    peer.end();
    if (thrown === undefined) {
      expect(await end).toEqual({ done: true, value: undefined });
    } else {
      await expect(end).rejects.toMatchObject({ code: 'WS_ERR_CLOSED', closeCode: thrown });
    }
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(countsOf(ws)).toEqual(listeners);
  });

  test('what the peer does wrong is thrown, and needs no other listener', async () => {
    const { frame, peer, ws } = await open(transport, options);
    const got = [];
    const done = (async () => {
      for await (const data of ws) {
        got.push(data);
        await turn();
      }
    })();
    const failed = expect(done).rejects.toMatchObject({ code: 'WS_ERR_INVALID_OPCODE' });
    await peer.send(...texts(frame, 3), frame(5));
    await failed;
    expect(got).toEqual(['0', '1', '2']);
    peer.end();
    await once(ws, 'close');
  });

  test('a peer that goes is 1006, behind what it had sent; and terminate() is', async () => {
    const ends = [(made) => made.ws.terminate()];
    // A Duplex that is no socket does not tell, while it is paused.
    if (transport !== 'duplex') ends.push((made) => made.peer.socket.destroy());
    for (const end of ends) {
      const made = await open(transport, options);
      const got = [];
      const done = (async () => {
        for await (const data of made.ws) {
          got.push(data);
          end(made);
          await once(made.ws, 'close');
        }
      })();
      const failed = expect(done).rejects.toMatchObject({
        code: 'WS_ERR_CLOSED',
        closeCode: 1006
      });
      await made.peer.send(...texts(made.frame, 1));
      await failed;
      expect(got[0]).toBe('0');
    }
  });

  test('a body that throws leaves the connection as it was', async () => {
    const { frame, listeners, peer, ws } = await open(transport, options);
    const done = (async () => {
      for await (const data of ws) throw new Error(`at ${data}`);
    })();
    const failed = expect(done).rejects.toThrow('at 0');
    await peer.send(...texts(frame, 1));
    await failed;
    const next = once(ws, 'message');
    await peer.send(...texts(frame, 1, 1));
    expect(String((await next)[0])).toBe('1');
    expect(countsOf(ws)).toEqual(listeners);
  });

  test('an AbortSignal ends it with its reason, whether somebody waits or not', async () => {
    const { frame, listeners, peer, ws } = await open(transport, options);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = ws.messages({ signal });
    const idle = ws.messages({ signal });
    const failed = expect(waiting.next()).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await failed;
    await expect(idle.next()).rejects.toThrow('enough');
    await expect(ws.messages({ signal }).next()).rejects.toThrow('enough');
    for (const iterator of [waiting, idle]) expect((await iterator.next()).done).toBe(true);
    expect(countsOf(ws)).toEqual(listeners);
    const next = once(ws, 'message');
    await peer.send(...texts(frame, 1));
    await next;
  });
});

test('several loops share the messages, in the order in which they ask', async () => {
  const { frame, peer, ws } = await open('port', {});
  const one = ws[Symbol.asyncIterator]();
  const other = ws[Symbol.asyncIterator]();
  const asked = [one.next(), other.next(), one.next(), other.next()];
  await peer.send(...texts(frame, 4), frame('close'));
  const got = (await Promise.all(asked)).map(({ value }) => value);
  expect(got.sort()).toEqual(['0', '1', '2', '3']);
  expect([(await one.next()).done, (await other.next()).done]).toEqual([true, true]);
  peer.end();
});

test('an iterator that nobody has any more does not keep the connection from being read', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  const { frame, peer, ws } = await open('port', {});
  await (async () => {
    const iterator = ws[Symbol.asyncIterator]();
    const asked = iterator.next();
    await peer.send(...texts(frame, 5));
    await asked;
  })();
  await peer.send(...texts(frame, 5, 5));
  await turn();
  expect(ws.listenerCount('message')).toBe(1);
  const last = new Promise((resolve) =>
    ws.on('message', (data) => String(data) === '9' && resolve())
  );
  let isRead = false;
  last.then(() => (isRead = true));
  while (!isRead) {
    gc();
    await turn();
  }
  expect(ws.listenerCount('message')).toBe(1);
});

test.each([[], ['message'], ['close'], ['error']])(
  'removeAllListeners(%j) leaves a loop its messages and its end',
  async (...args) => {
    const { frame, peer, ws } = await open('port', {});
    for (const event of ['message', 'close']) ws.on(event, () => {});
    const iterator = ws[Symbol.asyncIterator]();
    const asked = iterator.next();
    expect(ws.removeAllListeners(...args)).toBe(ws);
    expect(ws.listenerCount('message')).toBe(args.length > 0 && args[0] !== 'message' ? 2 : 1);
    await peer.send(...texts(frame, 1), frame('close', closing(4000)));
    expect(await asked).toEqual({ done: false, value: '0' });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'WS_ERR_CLOSED' });
    ws.removeAllListeners();
    expect(countsOf(ws)).toEqual([0, 0, 0]);
    expect(Object.hasOwn(ws, 'removeAllListeners')).toBe(false);
    peer.end();
  }
);

test('a client can be iterated over before it is open, and when it never will be', async () => {
  const client = new WebSocket('ws://127.0.0.1:1');
  await expect(client[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'ECONNREFUSED'
  });
  await new Promise((resolve) => {
    if (client.readyState === WebSocket.CLOSED) resolve();
    else client.on('close', resolve);
  });
  await expect(client.messages().next()).rejects.toThrow();
});

test('one that is closed is at its end', async () => {
  const { frame, peer, ws } = await open('port', {});
  await peer.send(frame('close', closing(1000)));
  peer.end();
  await once(ws, 'close');
  expect(await ws[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
});

test('pings are answered while messages wait', async () => {
  const { frame, peer, ws } = await open('port', {});
  const iterator = ws.messages({ highWaterMark: 4 });
  await peer.send(...texts(frame, 2), frame('ping', 'p'));
  await peer.until((bytes) => framesOf(bytes).some(({ opcode }) => opcode === 10));
  expect((await iterator.next()).value.data).toEqual(Buffer.from('0'));
  await iterator.return();
});

test('a program that does not iterate has nothing of it', async () => {
  const { ws } = await open('port', {});
  expect(Object.keys(ws)).toEqual(Object.keys((await open('server', {})).ws));
  expect(Reflect.ownKeys(ws).some((key) => String(key).includes('iteration'))).toBe(false);
  const names = Object.keys(ws);
  const iterator = ws[Symbol.asyncIterator]();
  expect(Object.keys(ws)).toEqual(names);
  expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
  await iterator.return();
});

test('what are no options are refused', async () => {
  const { listeners, ws } = await open('port', {});
  expect(() => ws.messages({ highWaterMark: '1' })).toThrow('must be a number, not of type string');
  for (const highWaterMark of [0, -1, 1.5, NaN]) {
    expect(() => ws.messages({ highWaterMark })).toThrow(
      'The "highWaterMark" option must be a number of messages, at least 1'
    );
  }
  expect(() => ws.messages({ signal: {} })).toThrow('The "signal" option must be an AbortSignal');
  expect(countsOf(ws)).toEqual(listeners);
});
