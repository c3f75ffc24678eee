'use strict';

// Where Node moves the bytes (TLS, any Duplex): what is sent and what the program does to the socket
// itself keep their order, and nothing is lost. On the other transports, too.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, converse, onEach, parity, plain } = require('./parity');

expectNothingLeftOpen();

const conversing = (onConnection, client) => (lib) =>
  onEach((onHttp) => converse(lib, { onHttp, onConnection, client }));

// Runs `act` outside of any handler, and in the handler of a message.
const either = (title, act, client) => {
  parity(
    `${title}, outside of handlers`,
    conversing((ws, log) => setImmediate(act, ws, log), client)
  );
  parity(
    `${title}, in a handler`,
    conversing(
      (ws, log) => ws.on('message', () => act(ws, log)),
      async (raw) => {
        await raw.send(frame('text', 'go'));
        await client(raw);
      }
    )
  );
};

const until = (text) => async (raw) => {
  await raw.until((bytes) => bytes.includes(text));
  await raw.send(bye);
  await raw.until((bytes) => bytes.includes(0x88));
};
const untilClosed = (raw) => raw.closed;

either(
  '_socket.write() does not overtake send()',
  (ws) => {
    ws.send('one');
    ws._socket.write(frame('text', 'two', { masked: false }));
    ws.send('three');
    ws._socket.write(frame('text', 'end', { masked: false }));
  },
  until('end')
);
either(
  'send(), then _socket.end()',
  (ws) => {
    ws.send('one');
    ws.send('two');
    ws._socket.end();
  },
  untilClosed
);
either(
  'send(), then _socket.end() with data',
  (ws) => {
    ws.send('one');
    ws._socket.end(frame('text', 'two', { masked: false }));
  },
  untilClosed
);
either(
  'send(), then _socket.destroy()',
  (ws, log) => {
    ws.send('one', (error) => log.push(['sent', plain(error)]));
    ws._socket.destroy();
  },
  untilClosed
);
either(
  'send(), then terminate()',
  (ws, log) => {
    ws.send('one', (error) => log.push(['sent', plain(error)]));
    ws.terminate();
    log.push(ws._socket.destroyed, ws.readyState);
  },
  untilClosed
);
either(
  'send(), close(), then terminate()',
  (ws) => {
    ws.send('one');
    ws.close(1001);
    ws.terminate();
  },
  async (raw) => {
    await raw.closed;
    // Over TLS ws is too late with the close frame.
    raw.received = raw.received.subarray(0, 5);
  }
);
either(
  'bufferedAmount ends a loop',
  (ws, log) => {
    const chunk = Buffer.alloc(100_000, 'x');
    let count = 0;
    while (ws.bufferedAmount < 1_000_000 && count < 1000) {
      ws.send(chunk);
      count++;
    }
    log.push(count < 1000);
    ws.send('end');
  },
  async (raw) => {
    await until('end')(raw);
    // How much the kernel takes is not the same each time.
    raw.received = Buffer.alloc(0);
  }
);
either(
  "an Error to _socket.destroy() is not the WebSocket's",
  (ws) => {
    ws.send('one');
    ws._socket.destroy(new Error('reason'));
  },
  untilClosed
);

describe('createWebSocketStream()', () => {
  for (const side of ['server', 'client']) {
    parity(`end() finishes, on a ${side}`, (lib) =>
      onEach(async (onHttp) => {
        const log = [];
        const { server, port } = await startOn(lib, onHttp);
        const connected = new Promise((resolve) => server.on('connection', resolve));
        const client = new lib.WebSocket(
          `${onHttp === 'https' ? 'wss' : 'ws'}://127.0.0.1:${port}`,
          {
            rejectUnauthorized: false
          }
        );
        const ws = await connected;
        await new Promise((resolve) => client.on('open', resolve));
        const [mine, other] = side === 'server' ? [ws, client] : [client, ws];
        const stream = lib.createWebSocketStream(mine);
        const closed = new Promise((resolve) => {
          stream.on('finish', () => log.push('finish'));
          stream.on('end', () => log.push('end'));
          stream.on('close', () => resolve(log.push('close')));
        });
        const otherClosed = new Promise((resolve) => other.on('close', resolve));
        other.on('message', (data) => log.push(String(data)));
        stream.resume();
        stream.end('last');
        await closed;
        log.push(await otherClosed);
        await new Promise((resolve) => server.close(resolve));
        return log;
      })
    );
  }
});

async function startOn(lib, onHttp) {
  const { start, startOnHttp } = require('./parity');
  return onHttp ? startOnHttp(lib, {}, onHttp === 'https') : start(lib);
}

describe('a process that ends in the turn in which it sent', () => {
  const program = path.join(__dirname, '..', 'helpers', 'leaving-process.js');
  const root = path.join(__dirname, '..', '..');
  const run = async (name, how, where) => {
    const child = spawn(process.execPath, [program, name, how, where]);
    const exited = once(child, 'exit');
    const [port] = await once(child.stdout, 'data');
    const client = new RawClient(Number(port), { secure: where === 'https' });
    await client.upgrade();
    await client.send(frame('text', 'go'));
    await client.closed;
    return [client.received.toString('latin1'), ...(await exited)];
  };
  for (const where of ['port', 'http', 'https']) {
    const ways = ['exit', 'exit from a handler', 'signal'];
    for (const how of ways) {
      test(`${how}, ${where}`, async () => {
        const expected = await run('ws', how, where);
        const actual = await run(root, how, where);
        expect(actual).toEqual(expected);
      });
    }
  }
});
