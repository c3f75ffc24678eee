'use strict';

// What is given to send(), ping(), pong() and close(), and is not what it seems to be, or not for long.

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { frame } = require('../helpers/frames');
const { attempt, bye, converse, onEach, parity } = require('./parity');

expectNothingLeftOpen();

const acting = (act, options) => (lib) =>
  onEach((onHttp) =>
    converse(lib, {
      options,
      onHttp,
      onConnection: (ws, log) => {
        act(ws, log);
        ws.send('end');
      },
      client: async (raw) => {
        await raw.until((bytes) => bytes.includes('end') || bytes.includes(0x88));
        await raw.send(bye);
        await raw.until((bytes) => bytes.includes(0x88));
      }
    })
  );

// Detaches the memory of a view, or of an ArrayBuffer.
function detach(value) {
  const buffer = value.buffer ?? value;
  structuredClone(buffer, { transfer: [buffer] });
  return value;
}

describe('what holds no bytes', () => {
  const values = {
    'a detached Uint8Array': () => detach(new Uint8Array(5)),
    'a detached Uint16Array': () => detach(new Uint16Array(5)),
    'a detached DataView': () => detach(new DataView(new ArrayBuffer(5))),
    'a detached ArrayBuffer': () => detach(new ArrayBuffer(5)),
    'a detached Buffer': () => detach(Buffer.from(new ArrayBuffer(5))),
    'what only inherits from Uint8Array': () => Object.create(Uint8Array.prototype),
    'what only inherits from Buffer': () => Object.create(Buffer.prototype),
    'a Proxy of a Uint8Array': () => new Proxy(new Uint8Array(5), {}),
    'a Proxy of a Buffer': () => new Proxy(Buffer.alloc(5), {}),
    'an empty Uint8Array': () => new Uint8Array(0)
  };
  for (const [title, make] of Object.entries(values)) {
    parity(
      `${title} is sent as under ws`,
      acting((ws, log) => {
        log.push(attempt(() => ws.send(make())));
        log.push(attempt(() => ws.send(make(), { binary: false })));
        log.push(attempt(() => ws.send(make(), { fin: false })));
        log.push(attempt(() => ws.send('end of fragments')));
        log.push(attempt(() => ws.ping(make())));
        log.push(attempt(() => ws.pong(make())));
      })
    );
    parity(
      `${title} as reason`,
      acting((ws, log) => log.push(attempt(() => ws.close(1000, make()))))
    );
  }
});

describe('a reason or a control payload', () => {
  parity(
    'that grows behind a Blob is what it was',
    acting((ws, log) => {
      const memory = new SharedArrayBuffer(10, { maxByteLength: 100_000 });
      const data = new Uint8Array(memory).fill(0x41);
      ws.send(new Blob(['blob']));
      ws.close(1000, data);
      memory.grow(100_000);
      log.push(data.length);
    })
  );
  parity(
    'that shrinks behind a Blob is what it was',
    acting((ws, log) => {
      const memory = new ArrayBuffer(10, { maxByteLength: 100 });
      const data = new Uint8Array(memory).fill(0x41);
      ws.send(new Blob(['blob']));
      ws.close(1000, data);
      memory.resize(3);
      log.push(data.length);
    })
  );
  class Short extends Uint8Array {
    get byteLength() {
      return 5;
    }

    get length() {
      return 5;
    }
  }
  parity(
    'that is longer than it says is refused',
    acting((ws, log) => log.push(attempt(() => ws.close(1000, new Short(100_000)))))
  );

  // ws keeps the data itself, so that what it sends then is no frame.
  parity(
    'of a Blob is counted until it is sent',
    acting((ws, log) => {
      const note = () => log.push(ws.bufferedAmount);
      ws.send(new Blob(['blob']), note);
      ws.send('text', note);
      ws.ping('ping', false, () => {
        note();
        ws.close();
      });
      note();
    })
  );
  test('of a ping that grows behind a Blob is what it was', async () => {
    const record = await converse(require('../..'), {
      onConnection: (ws) => {
        const memory = new SharedArrayBuffer(10, { maxByteLength: 100_000 });
        const data = new Uint8Array(memory).fill(0x41);
        ws.send(new Blob(['blob']));
        ws.ping(data);
        ws.send('end');
        memory.grow(100_000);
      },
      client: async (raw) => {
        await raw.until((bytes) => bytes.includes('end'));
        await raw.send(bye);
        await raw.until((bytes) => bytes.includes(0x88));
      }
    });
    const expected = [
      frame('binary', 'blob', { masked: false }),
      frame('ping', 'A'.repeat(10), { masked: false }),
      frame('text', 'end', { masked: false })
    ];
    expect(record.bytes.startsWith(Buffer.concat(expected).toString('latin1'))).toBe(true);
  });
});
