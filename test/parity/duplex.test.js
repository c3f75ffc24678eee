'use strict';

// Connections over streams that are no sockets: setSocket() and handleUpgrade() with any Duplex.

const { Duplex } = require('stream');
const zlib = require('zlib');

const { closeFrame, frame } = require('../helpers/frames');
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
const later = (milliseconds = 20) => new Promise((resolve) => setTimeout(resolve, milliseconds));

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
    far.setEncoding('latin1');
    let received = '';
    far.on('data', (chunk) => (received += chunk));
    const server = new lib.WebSocketServer({ noServer: true, ...options });
    let ws;
    const req = { ...HANDSHAKE, socket: near };
    server.handleUpgrade(req, near, Buffer.alloc(0), (made) => {
      ws = made;
      log.push(ws._socket === near, ws.extensions);
    });
    for (const event of ['end', 'finish', 'close']) near.on(event, () => log.push(`near ${event}`));
    record(ws, log);
    await Promise.all([closed(ws), act(far, ws, log, near)]);
    await later();
    log.push(received);
    await new Promise((resolve) => server.close(resolve));
    return describe(log);
  };

describe('a server', () => {
  parity(
    'receives, answers and closes',
    serving(async (far, ws) => {
      ws.on('message', (data) => ws.send(`got ${data}`));
      far.write(Buffer.concat([frame('text', 'one'), frame('ping', 'p')]));
      await later();
      far.write(frame('text', 'two'));
      far.write(closeFrame(1000, 'bye'));
      await later();
      far.end();
    })
  );
  for (const method of ['terminate', 'close']) {
    parity(
      `${method}()`,
      serving(async (far, ws) => {
        await later();
        ws[method]();
        await later();
        far.end(closeFrame(1000));
      })
    );
  }
  parity(
    'is told of the end of the stream',
    serving(async (far) => {
      await later();
      far.end();
    })
  );
  parity(
    'is told that the stream was destroyed',
    serving(async (far, ws, log, near) => {
      await later();
      near.destroy();
    })
  );
  parity(
    'is told of an error of the stream',
    serving(async (far, ws, log, near) => {
      await later();
      near.destroy(new Error('broken'));
    })
  );
  parity(
    'answers a violation of the protocol',
    serving(async (far) => {
      far.write(frame(5, 'x'));
      await later();
      far.end();
    })
  );
  parity(
    'callbacks come when the stream has taken it',
    serving(async (far, ws, log) => {
      ws.send('one', (error) => log.push(['sent', plain(error)]));
      ws.send('two');
      log.push(ws.bufferedAmount);
      await later();
      log.push(ws.bufferedAmount);
      ws.terminate();
    })
  );
  const packed = zlib
    .deflateRawSync(Buffer.alloc(3_000_000, 'abc'), { finishFlush: zlib.constants.Z_SYNC_FLUSH })
    .subarray(0, -4);
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
        await new Promise((resolve) => setImmediate(resolve));
        near.destroy();
      },
      { perMessageDeflate: true },
      (log) => log.filter(Array.isArray).map(([event, data]) => [event, data])
    )
  );
});

describe('a WebSocket that is given a socket', () => {
  const attached = (act) => async (lib) => {
    const log = [];
    const [near, far] = pair();
    far.setEncoding('latin1');
    let received = '';
    far.on('data', (chunk) => (received += chunk));
    const ws = new lib.WebSocket(null, undefined, { closeTimeout: 5000 });
    ws._isServer = false;
    const generateMask = (key) => key.fill(0);
    record(ws, log);
    ws.on('open', () => log.push(['open', ws.readyState]));
    const head = frame('text', 'head', { masked: false });
    ws.setSocket(near, head, { maxPayload: 100, generateMask });
    await Promise.all([closed(ws), act(far, ws, log)]);
    log.push(received);
    return log;
  };
  parity(
    'is a client, with bytes that came early',
    attached(async (far, ws) => {
      ws.send('masked');
      far.write(frame('text', 'hello', { masked: false }));
      await later();
      ws.close(1000);
      await later();
      far.end(closeFrame(1000, '', { masked: false }));
    })
  );
  parity(
    'minds the limits that it is given',
    attached(async (far) => {
      far.write(frame('text', 'x'.repeat(101), { masked: false }));
      await later();
      far.end();
    })
  );
});
