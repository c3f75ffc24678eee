'use strict';

// Connections over streams that are no sockets: setSocket() and handleUpgrade() with any Duplex.

const crypto = require('crypto');
const { Duplex } = require('stream');

const wsuv = require('../..');
const { closeFrame, deflated, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { parity, plain, record } = require('./parity');

expectNothingLeftOpen();

// Two streams of which each reads what is written to the other.
function pair() {
  const make = () =>
    new Duplex({
      read() {
        this.onread?.();
        this.onread = null;
      },
      write(chunk, encoding, callback) {
        if (this.other.push(chunk)) callback();
        else this.other.onread = callback;
      },
      final(callback) {
        this.other.push(null);
        callback();
      },
      destroy(error, callback) {
        if (!this.other.readableEnded) this.other.push(null);
        callback(error);
      }
    });
  const [one, other] = [make(), make()];
  one.other = other;
  other.other = one;
  return [one, other];
}

const closed = (ws) => new Promise((resolve) => ws.on('close', resolve));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const turns = async () => {
  for (let i = 0; i < 20; i++) await turn();
};

// What comes out of a stream. `until` resolves when a condition of it is true, or when it ends.
function reading(stream) {
  let waiting = [];
  const reader = {
    received: '',
    until(condition) {
      return new Promise((resolve) => {
        waiting.push({ condition, resolve });
        check();
      });
    }
  };
  function check() {
    waiting = waiting.filter(({ condition, resolve }) => {
      const isDone = stream.readableEnded || condition(reader.received);
      if (isDone) resolve();
      return !isDone;
    });
  }
  stream.setEncoding('latin1');
  stream.on('data', (chunk) => {
    reader.received += chunk;
    check();
  });
  stream.on('end', check);
  return reader;
}

const hasResponse = (received) => received.includes('\r\n\r\n');
const hasEnded = () => false; // It resolves then.
const hasCloseFrame = (received) => received.includes('\x88');

const HANDSHAKE = {
  method: 'GET',
  url: '/',
  headers: {
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    'sec-websocket-extensions': 'permessage-deflate'
  }
};

// A server's connection over a Duplex, of which the other end is in the test's hands.
const serving =
  (act, options, describe = (log) => log) =>
  async (lib) => {
    const log = [];
    const [near, far] = pair();
    const reader = reading(far);
    const server = new lib.WebSocketServer({ noServer: true, ...options });
    let ws;
    const req = { ...HANDSHAKE, socket: near };
    server.handleUpgrade(req, near, Buffer.alloc(0), (made) => {
      ws = made;
      log.push(ws._socket === near, ws.extensions);
    });
    for (const event of ['end', 'finish', 'close']) near.on(event, () => log.push(`near ${event}`));
    record(ws, log);
    const gone = [
      new Promise((resolve) => near.on('close', resolve)),
      new Promise((resolve) => far.on('end', resolve))
    ];
    await reader.until(hasResponse);
    await Promise.all([closed(ws), ...gone, act(far, ws, log, near, reader)]);
    log.push(reader.received);
    await new Promise((resolve) => server.close(resolve));
    return describe(log);
  };

describe('a server', () => {
  parity(
    'receives, answers and closes',
    serving(async (far, ws, log, near, { until }) => {
      ws.on('message', (data) => ws.send(`got ${data}`));
      far.write(Buffer.concat([frame('text', 'one'), frame('ping', 'p')]));
      await until((received) => received.includes('\x8a\x01p'));
      far.write(frame('text', 'two'));
      far.write(closeFrame(1000, 'bye'));
      await until(hasEnded);
      far.end();
    })
  );
  for (const method of ['terminate', 'close']) {
    parity(
      `${method}()`,
      serving(async (far, ws, log, near, { until }) => {
        ws[method]();
        await until(hasCloseFrame);
        far.write(closeFrame(1000));
        await until(hasEnded);
        far.end();
      })
    );
  }
  parity(
    'is told of the end of the stream',
    serving(async (far) => {
      far.end();
    })
  );
  parity(
    'is told that the stream was destroyed',
    serving(async (far, ws, log, near) => {
      near.destroy();
    })
  );
  parity(
    'is told of an error of the stream',
    serving(async (far, ws, log, near) => {
      near.destroy(new Error('broken'));
    })
  );
  parity(
    'answers a violation of the protocol',
    serving(async (far, ws, log, near, { until }) => {
      far.write(frame(5, 'x'));
      await until(hasCloseFrame);
      far.end();
    })
  );
  parity(
    'callbacks come when the stream has taken it',
    serving(async (far, ws, log) => {
      ws.send('one', (error) => log.push(['sent', plain(error)]));
      const isSent = new Promise((resolve) => ws.send('two', resolve));
      log.push(ws.bufferedAmount);
      await isSent;
      await turn();
      log.push(ws.bufferedAmount);
      ws.terminate();
    })
  );
  const packed = deflated(Buffer.alloc(3_000_000, 'abc'));
  parity(
    'delivers what is being inflated when the stream ends',
    serving(
      async (far) => {
        far.write(frame('binary', packed, { rsv: 4 }));
        far.write(frame('text', 'behind'));
        far.end();
      },
      { perMessageDeflate: true },
      // Under ws the state is CLOSING by then; here it is OPEN, and they can be answered.
      (log) => log.filter(Array.isArray).map(([event, data]) => [event, data])
    )
  );
  parity(
    'delivers what is being inflated when the stream is destroyed',
    serving(
      async (far, ws, log, near) => {
        far.write(frame('binary', packed, { rsv: 4 }));
        await turn();
        near.destroy();
      },
      { perMessageDeflate: true },
      (log) => log.filter(Array.isArray).map(([event, data]) => [event, data])
    )
  );
  parity(
    'stays paused when what was being inflated has come',
    serving(
      async (far, ws, log, near) => {
        const first = new Promise((resolve) => ws.once('message', resolve));
        far.write(frame('binary', packed, { rsv: 4 }));
        ws.pause();
        await first;
        await turns();
        log.push(['paused', near.isPaused(), ws.isPaused]);
        far.write(frame('text', 'behind'));
        await turns();
        log.push(['resumed']);
        const second = new Promise((resolve) => ws.once('message', resolve));
        ws.resume();
        await second;
        ws.terminate();
      },
      { perMessageDeflate: true },
      (log) => log.filter(Array.isArray)
    )
  );
  // More than a stream keeps, so that it has to wait for the message that is being inflated.
  const large = deflated(crypto.randomBytes(3_000_000));
  parity(
    'waits for what is being inflated though it is resumed',
    serving(
      async (far, ws, log, near) => {
        const first = new Promise((resolve) => ws.once('message', resolve));
        far.write(frame('binary', large, { rsv: 4 }));
        log.push(['held', near.isPaused()]);
        ws.pause();
        ws.resume();
        log.push(['resumed', near.isPaused(), ws.isPaused]);
        await first;
        await turns();
        log.push(['after', near.isPaused(), ws.isPaused]);
        ws.terminate();
      },
      { perMessageDeflate: true },
      (log) => log.filter(Array.isArray)
    )
  );
  parity(
    'delivers what was read while it was paused when the stream is destroyed',
    serving(async (far, ws, log, near) => {
      ws.pause();
      far.write(frame('text', 'kept'));
      await turns();
      log.push(near.readableLength);
      near.destroy();
    })
  );
  // Each write to TLS is a record, and a system call.
  test('writes once what the handlers of one chunk send', async () => {
    const log = [];
    const scenario = serving(async (far, ws, _, near, { until }) => {
      const { _write: write } = near;
      near._write = function note(chunk, ...args) {
        log.push(chunk.toString('latin1'));
        return write.call(this, chunk, ...args);
      };
      ws.on('message', (data) => ws.send(`got ${data}`));
      far.write(Buffer.concat([frame('text', 'one'), frame('text', 'two')]));
      await until((received) => received.includes('got two'));
      ws.send('three');
      ws.send('four');
      ws.terminate();
    });
    await scenario(wsuv);
    expect(log).toEqual(['\x81\x07got one\x81\x07got two', '\x81\x05three', '\x81\x04four']);
  });
});

describe('a WebSocket that is given a socket', () => {
  const attached = (act) => async (lib) => {
    const log = [];
    const [near, far] = pair();
    const reader = reading(far);
    const ws = new lib.WebSocket(null, undefined, { closeTimeout: 5000 });
    ws._isServer = false;
    const generateMask = (key) => key.fill(0);
    record(ws, log);
    ws.on('open', () => log.push(['open', ws.readyState]));
    const head = frame('text', 'head', { masked: false });
    ws.setSocket(near, head, { maxPayload: 100, generateMask });
    await Promise.all([closed(ws), act(far, ws, reader)]);
    log.push(reader.received);
    return log;
  };
  parity(
    'is a client, with bytes that came early',
    attached(async (far, ws, { until }) => {
      ws.send('masked');
      far.write(frame('text', 'hello', { masked: false }));
      await new Promise((resolve) =>
        ws.on('message', (data) => String(data) === 'hello' && resolve())
      );
      ws.close(1000);
      await until(hasCloseFrame);
      far.end(closeFrame(1000, '', { masked: false }));
    })
  );
  parity(
    'minds the limits that it is given',
    attached(async (far, ws, { until }) => {
      far.write(frame('text', 'x'.repeat(101), { masked: false }));
      await until(hasCloseFrame);
      far.end();
    })
  );
});
