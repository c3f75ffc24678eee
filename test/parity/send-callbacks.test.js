'use strict';

// When callbacks of send(), ping() and pong() are called, with what, and in whose context.

const { AsyncLocalStorage } = require('async_hooks');

const { closeFrame, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { attempt, bye, converse, onEach, parity, plain } = require('./parity');

expectNothingLeftOpen();

// Runs `act` on the server's socket of each transport; the client says goodbye when `end` has come.
const acting =
  (act, { options, client, describe = (record) => record } = {}) =>
  (lib) =>
    onEach(async (onHttp) =>
      describe(
        await converse(lib, {
          options,
          onHttp,
          onConnection: act,
          client:
            client ??
            (async (raw) => {
              await raw.until((bytes) => bytes.subarray(-20).includes('end'));
              await raw.send(bye);
              await raw.until((bytes) => bytes.includes(0x88));
            })
        })
      )
    );

const later = (act) => setTimeout(act, 20);

describe('what is no function', () => {
  for (const [title, value] of Object.entries({ null: null, false: false, 0: 0, "''": '' })) {
    parity(
      `${title} is ignored`,
      acting((ws, log) => {
        for (const data of ['text', Buffer.from('bytes'), '', Buffer.alloc(70_000)]) {
          log.push(attempt(() => ws.send(data, value)));
          log.push(attempt(() => ws.send(data, {}, value)));
          log.push(attempt(() => ws.send(data, { fin: true, binary: true }, value)));
        }
        for (const method of ['ping', 'pong']) {
          log.push(attempt(() => ws[method]('p', false, value)));
          log.push(attempt(() => ws[method](value, false, value)));
          log.push(attempt(() => ws[method]('p', value, value)));
        }
        later(() => ws.send('end'));
      })
    );
  }
  parity(
    'is ignored behind a Blob',
    acting((ws, log) => {
      ws.send(new Blob(['blob']), {}, null);
      log.push(attempt(() => ws.send('text', {}, false)));
      ws.ping('p', false, 0);
      later(() => ws.send('end'));
    })
  );
  parity('is ignored with compression', (lib) =>
    converse(lib, {
      options: { perMessageDeflate: true },
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      onConnection: (ws) => {
        ws.send('compressed', {}, null);
        ws.send(Buffer.alloc(100_000), {}, false);
        ws.send('end', { compress: false }, 0);
      },
      client: async (raw) => {
        await raw.until((bytes) => bytes.subarray(-20).includes('end'));
        await raw.send(bye);
        await raw.until((bytes) => bytes.includes(0x88));
      }
    })
  );
  // Under ws the header has left by then, and the connection is of no use any more.
  const thrown = (record) => record.log[0];
  for (const [title, value] of Object.entries({
    'an object': {},
    'a number': 1,
    'a string': 'callback',
    true: true
  })) {
    for (const [name, call] of Object.entries({
      send: (ws) => ws.send('text', {}, value),
      'send (a Buffer)': (ws) => ws.send(Buffer.from('bytes'), undefined, value),
      ping: (ws) => ws.ping('p', false, value),
      pong: (ws) => ws.pong('p', false, value)
    })) {
      parity(
        `${name} with ${title} throws`,
        acting(
          (ws, log) => {
            log.push(attempt(() => call(ws)));
            later(() => ws.terminate());
          },
          { client: (raw) => raw.closed, describe: thrown }
        )
      );
    }
  }
  parity(
    'is as under ws when the connection closes',
    acting(
      (ws, log) => {
        ws.close(1000);
        for (const value of [null, 0, false, {}, 'utf8']) {
          log.push(attempt(() => ws.send('text', {}, value)));
          log.push(attempt(() => ws.ping('p', false, value)));
        }
      },
      { client: (raw) => raw.until((bytes) => bytes.includes(0x88)).then(() => raw.send(bye)) }
    )
  );
});

describe('the asynchronous context', () => {
  const storage = new AsyncLocalStorage();
  const many = Buffer.alloc(3_500_000, 'x');
  const called = (log, name) => () => log.push([name, storage.getStore()]);
  parity(
    'of sends that the kernel takes at once',
    acting((ws, log) => {
      storage.run('one', () => ws.send('one', called(log, 'one')));
      storage.run('two', () => ws.ping('two', false, called(log, 'two')));
      ws.send('none', called(log, 'none'));
      later(() => ws.send('end'));
    })
  );
  parity(
    'of sends that the kernel does not take at once',
    acting(
      (ws, log) => {
        storage.run('one', () => ws.send(many, called(log, 'one')));
        storage.run('two', () => ws.send('two', called(log, 'two')));
        storage.run('three', () => ws.send('end', called(log, 'three')));
      },
      { describe: ({ log }) => log }
    )
  );
  parity(
    'of sends in turns of their own that the kernel does not take at once',
    acting(
      (ws, log) => {
        storage.run('one', () => ws.send(many, called(log, 'one')));
        setImmediate(() => {
          storage.run('two', () => ws.send(many, called(log, 'two')));
          setImmediate(() => storage.run('three', () => ws.send('end', called(log, 'three'))));
        });
      },
      { describe: ({ log }) => log }
    )
  );
});

describe('after _socket.destroy()', () => {
  const gone = { client: (raw) => raw.closed };
  parity(
    'callbacks get errors',
    acting((ws, log) => {
      ws._socket.destroy();
      const called = (name) => (error) => log.push([name, plain(error)]);
      ws.send('text', called('text'));
      ws.send(Buffer.from('bytes'), { binary: true }, called('bytes'));
      ws.ping('p', false, called('ping'));
      ws.pong('p', false, called('pong'));
      log.push(ws.readyState);
      ws.close(1000);
      log.push(ws.readyState);
      ws.send('late', called('late'));
    }, gone)
  );
  parity(
    'with an error, they get it',
    acting((ws, log) => {
      ws._socket.destroy(new Error('reason'));
      ws.send('text', (error) => log.push(['text', plain(error)]));
    }, gone)
  );
  parity(
    'callbacks of what was sent before',
    acting((ws, log) => {
      ws.send('text', (error) => log.push(['text', plain(error)]));
      ws._socket.destroy();
    }, gone)
  );
});

describe('beside writes to _socket', () => {
  const many = Buffer.alloc(3_000_000, 'x');
  const all = ({ log }) => log.map(String).sort();
  parity(
    'callbacks of both come',
    acting(
      (ws, log) => {
        ws.send('small', () => log.push('sent'));
        ws._socket.write(many, () => log.push('written'));
        ws.send('end', () => log.push('sent, too'));
      },
      { describe: all }
    )
  );
  parity(
    'callbacks of both come where none is taken at once',
    acting(
      (ws, log) => {
        ws.send(many, () => log.push('sent'));
        ws._socket.write(many, () => {
          log.push('written');
          ws.send('end');
        });
      },
      { describe: all }
    )
  );
});

describe('a burst of pings', () => {
  const pings = (count) => Array.from({ length: count }, (_, i) => frame('ping', String(i)));
  // Under ws the first answer only leaves over TLS, when the connection is dropped: a TLS socket
  // writes one thing after the other. Here all of them do.
  const describe = ({ log, bytes }, onHttp, isTooMany) =>
    onHttp === 'https' && isTooMany
      ? [log, bytes.includes('\x8a\x010'), bytes.includes('\x88')]
      : [log, bytes];
  const burst = (count, options, isTooMany) => (lib) =>
    onEach(async (onHttp) => {
      const record = await converse(lib, {
        onHttp,
        options,
        client: async (raw) => {
          await raw.send(...pings(count), closeFrame(1000));
          await raw.closed;
        }
      });
      return describe(record, onHttp, isTooMany);
    });
  for (const count of [59, 60, 61, 100]) {
    parity(`of ${count} in one packet`, burst(count, undefined, count > 60));
  }
  parity('of more than a limit', burst(5, { maxPendingAutoPongs: 3 }, true));
  parity('without a limit', burst(200, { maxPendingAutoPongs: 0 }, false));
});

describe('autoPong', () => {
  for (const autoPong of [undefined, null, 0, false, true, 1]) {
    parity(`${autoPong}`, (lib) =>
      onEach((onHttp) =>
        converse(lib, { onHttp, options: { autoPong }, send: [frame('ping', 'p'), bye] })
      )
    );
  }
});

describe('an unattached WebSocket', () => {
  parity('takes no less than options', async (lib) => [
    attempt(() => new lib.WebSocket(null)),
    attempt(() => new lib.WebSocket(null, undefined, null)),
    attempt(() => new lib.WebSocket(null, undefined, {}))
  ]);
});
