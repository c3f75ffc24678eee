'use strict';

// The server's side of a WebSocket: what its methods do, return and throw.

const { closeFrame, frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { attempt, bye, converse, onEach, parity, plain } = require('./parity');

expectNothingLeftOpen();

// Runs `act` on the server's socket, then lets the client say goodbye when `bytes` have come.
function acting(act, { options, send = [], until = endsWith('end') } = {}) {
  const on = (lib, onHttp) =>
    converse(lib, {
      options,
      onHttp,
      onConnection: (ws, log) => {
        log.push(['acted', plain(attempt(() => act(ws, log, lib)))]);
        // Marks the end of what was sent, where something still can be: a while after the act, or
        // after the first event of those that the client's bytes cause.
        const mark = () => setTimeout(() => ws.readyState === 1 && ws.send('end'), 10);
        if (send.length === 0) {
          mark();
        } else {
          let marked = false;
          for (const event of ['message', 'ping', 'error']) {
            ws.on(event, () => (marked ||= Boolean(mark())));
          }
        }
      },
      client: async (client) => {
        if (send.length > 0) await client.send(...send);
        await client.until((bytes) => until(bytes) || bytes.includes(0x88));
        await client.send(bye);
        await client.until((bytes) => bytes.includes(0x88));
      }
    });
  // On a port (the native listener), an HTTP server (a descriptor taken over) and TLS (a stream).
  return (lib) => onEach((onHttp) => on(lib, onHttp));
}

function endsWith(text) {
  return (bytes) => bytes.subarray(-text.length).toString() === text;
}

// Options that are there and undefined count as false, those that are inherited as not there.
const inherited = Object.create({ binary: false, fin: false });
for (const [title, options] of Object.entries({
  'binary: undefined': { binary: undefined },
  'fin: undefined, and the rest': { fin: undefined },
  'mask: undefined': { mask: undefined },
  'compress: undefined': { compress: undefined },
  'nothing of its own': inherited,
  null: null
})) {
  parity(
    `send() with ${title}`,
    acting((ws) => {
      ws.send(Buffer.from('bytes'), options);
      ws.send('text', options);
      ws.send('', {});
    })
  );
}

const big = Buffer.alloc(70000, 'b');

describe('send()', () => {
  const values = {
    'a string': 'text',
    'an empty string': '',
    'a string that is not ASCII': 'é€😀',
    'lone surrogates': 'a\ud800b\udc00',
    'a long string': 'x'.repeat(70000),
    'a long string that is not ASCII': 'é'.repeat(5000),
    'a Buffer': Buffer.from('buffer'),
    'an empty Buffer': Buffer.alloc(0),
    'a large Buffer': big,
    'a Uint8Array': new Uint8Array([1, 2, 3]),
    'a view into a larger buffer': new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
    'a Uint16Array': new Uint16Array([1, 2, 3]),
    'a Float64Array': new Float64Array([1.5]),
    'a DataView': new DataView(new Uint8Array([9, 8, 7]).buffer, 1),
    'an ArrayBuffer': new Uint8Array([4, 5]).buffer,
    'an array of numbers': [1, 2, 255],
    'a number': 42,
    'the number 0': 0,
    null: null,
    undefined,
    false: false
  };
  for (const [title, value] of Object.entries(values)) {
    parity(
      title,
      acting((ws) => ws.send(value))
    );
    parity(
      `${title}, as text`,
      acting((ws) => ws.send(value, { binary: false }))
    );
    parity(
      `${title}, as binary`,
      acting((ws) => ws.send(value, { binary: true }))
    );
  }
  for (const value of [true, {}, Symbol('s'), () => {}, 10n]) {
    parity(
      `${typeof value}, which cannot be sent`,
      acting((ws) => ws.send(value))
    );
  }
  parity(
    'a Blob',
    acting((ws) => ws.send(new Blob(['a blob'])))
  );
  parity(
    'a Blob between others',
    acting((ws, log) => {
      ws.send('before', () => log.push('before'));
      ws.send(new Blob(['blob']), () => log.push('blob'));
      ws.send('after', () => log.push('after'));
      ws.ping('ping', () => log.push('ping'));
      log.push(ws.bufferedAmount > 0);
    })
  );
  parity(
    'a Blob, then close()',
    acting((ws) => {
      ws.send(new Blob(['blob']));
      ws.close(1001, 'then');
    })
  );
  parity(
    'fragments',
    acting((ws) => {
      ws.send('a', { fin: false });
      ws.ping('between');
      ws.send(Buffer.from('b'), { fin: false });
      ws.send('c', { fin: true });
      ws.send('whole');
    })
  );
  parity(
    'an option that is undefined',
    acting((ws) => ws.send('a', { fin: undefined }))
  );
  parity(
    'compress without the extension',
    acting((ws) => ws.send('a', { compress: true }))
  );
  parity(
    'callbacks, in order and in which tick',
    acting((ws, log) => {
      ws.send('1', (...args) => log.push(['1', ...args]));
      process.nextTick(() => log.push('tick'));
      ws.send('2', {}, (...args) => log.push(['2', ...args]));
      ws.send(big, (...args) => log.push(['big', ...args]));
      Promise.resolve().then(() => log.push('promise'));
      log.push('returned');
    })
  );
  parity(
    'bufferedAmount when the kernel takes all',
    acting((ws, log) => {
      ws.send('a');
      log.push(ws.bufferedAmount);
      ws.send(big);
      log.push(ws.bufferedAmount);
    })
  );
  parity(
    'after close()',
    acting((ws, log) => {
      ws.close(1000);
      ws.send('late', (error) => log.push(plain(error)));
      ws.send(Buffer.alloc(10));
      ws.ping('p', (error) => log.push(plain(error)));
      ws.pong(Buffer.alloc(3), undefined, (error) => log.push(plain(error)));
      log.push(ws.bufferedAmount);
    })
  );
  parity(
    'a changed buffer goes out as it was',
    acting((ws) => {
      const data = Buffer.from('before');
      ws.send(data);
      ws._socket.cork();
      ws._socket.uncork();
    })
  );
});

describe('ping() and pong()', () => {
  for (const method of ['ping', 'pong']) {
    const values = [
      undefined,
      'text',
      Buffer.from('b'),
      7,
      '',
      null,
      new Uint16Array([1]),
      'p'.repeat(125)
    ];
    for (const [i, value] of values.entries()) {
      parity(
        `${method} of value ${i}`,
        acting((ws) => ws[method](value))
      );
    }
    parity(
      `${method} of 126 bytes`,
      acting((ws) => ws[method]('p'.repeat(126)))
    );
    parity(
      `${method} of 126 bytes in fewer characters`,
      acting((ws) => ws[method]('é'.repeat(63)))
    );
    parity(
      `${method} with a callback first`,
      acting((ws, log) => ws[method]((e) => log.push(['cb', e])))
    );
    parity(
      `${method} with a callback second`,
      acting((ws, log) => ws[method]('a', (e) => log.push(['cb', e])))
    );
    parity(
      `${method} with a callback third`,
      acting((ws, log) => ws[method]('a', false, (e) => log.push(['cb', e])))
    );
  }
});

describe('close()', () => {
  const args = [
    [],
    [1000],
    [1000, 'reason'],
    [3000, Buffer.from('bytes')],
    [4999, ''],
    [1001, new Uint8Array([97])],
    [1000, 'r'.repeat(123)],
    [1000, 'é'.repeat(61)],
    [1000, 'r'.repeat(124)],
    [1000, 'é'.repeat(62)],
    [1004],
    [1005],
    [1006],
    [1015],
    [999],
    [2999],
    [5000],
    ['1000'],
    [null],
    [NaN],
    [1000.5],
    [undefined, 'ignored'],
    [1000, 5],
    [1000, {}],
    [1000, [1, 2]],
    [1000, new Uint16Array([1])],
    [1000, null]
  ];
  for (const [i, values] of args.entries()) {
    parity(
      `with arguments ${i}`,
      acting((ws) => ws.close(...values))
    );
  }
  parity(
    'twice',
    acting((ws) => {
      ws.close(1000);
      ws.close(1001);
      ws.close('nonsense');
    })
  );
  parity(
    'in a message handler, with messages behind it',
    acting((ws) => ws.on('message', (data) => data.toString() === '2' && ws.close(1000)), {
      send: [frame('text', '1'), frame('text', '2'), frame('text', '3'), frame('ping', 'p')]
    })
  );
  parity(
    'in the handler of a message in front of a close frame',
    acting((ws) => ws.on('message', () => ws.close(1001)), {
      send: [frame('text', '1'), closeFrame(1000)]
    })
  );
  parity(
    'an answer to a message in front of a close frame',
    acting((ws) => ws.on('message', () => ws.send('answer')), {
      send: [frame('text', '1'), closeFrame(1000)]
    })
  );
  parity(
    'in an error handler',
    acting((ws) => ws.on('error', () => ws.close(1000)), { send: [frame(3, 'bad')] })
  );
});

describe('terminate()', () => {
  parity(
    'at once',
    acting((ws) => ws.terminate())
  );
  parity(
    'twice',
    acting((ws) => {
      ws.terminate();
      ws.terminate();
    })
  );
  parity(
    'in a message handler, with messages behind it',
    acting((ws) => ws.on('message', (data) => data.toString() === '1' && ws.terminate()), {
      send: [frame('text', '1'), frame('text', '2'), frame('text', '3')]
    })
  );
  parity(
    'then close() and send()',
    acting((ws, log) => {
      ws.terminate();
      ws.close(1000);
      ws.send('a', (error) => log.push(plain(error)));
      log.push(ws.readyState);
    })
  );
});

describe('pause() and resume()', () => {
  parity(
    'are told by isPaused',
    acting((ws, log) => {
      log.push(ws.isPaused);
      ws.pause();
      log.push(ws.isPaused);
      ws.resume();
      log.push(ws.isPaused);
    })
  );
  parity(
    'keep messages',
    acting(
      (ws, log) => {
        ws.pause();
        setTimeout(() => {
          log.push('resumed');
          ws.resume();
        }, 50);
      },
      { send: [frame('text', '1'), frame('text', '2')] }
    )
  );
  parity('hear that the peer has gone, where nothing that it sent waits', (lib) =>
    converse(lib, {
      onConnection: (ws, log) => {
        log.push('connected');
        ws.on('message', (data) => log.push(String(data)));
        ws.on('close', (code) => log.push(['close', code]));
        ws.pause();
        ws.send('paused');
      },
      client: async (raw) => {
        await raw.until(endsWith('paused'));
        await raw.end();
      }
    })
  );
  parity(
    'in a message handler: what was read still comes',
    acting(
      (ws, log) => {
        ws.once('message', () => {
          ws.pause();
          setTimeout(() => {
            log.push('resumed');
            ws.resume();
          }, 30);
        });
      },
      { send: [frame('text', '1'), frame('text', '2'), frame('text', '3')] }
    )
  );
  // So many messages that reading stops until they are delivered; which must not undo a pause().
  parity('in the handler of the last of many messages that come one a turn', (lib) =>
    converse(lib, {
      options: { allowSynchronousEvents: false },
      onConnection: (ws, log) => {
        ws.on('message', (data) => {
          if (String(data) !== 'last') return;
          ws.pause();
          ws.send('paused');
          ws.once('message', () => ws.send('end'));
          setTimeout(() => {
            log.push(['resumed', ws.isPaused]);
            ws.resume();
          }, 100);
        });
      },
      client: async (raw) => {
        const many = Array.from({ length: 20 }, () => frame('text', 'many'));
        await raw.send(...many, frame('text', 'last'));
        await raw.until(endsWith('paused'));
        await raw.send(frame('text', 'behind'));
        await raw.until(endsWith('end'));
        await raw.send(bye);
      }
    })
  );
});

describe('properties', () => {
  const names = [
    'binaryType',
    'bufferedAmount',
    'extensions',
    'isPaused',
    'protocol',
    'readyState',
    'url',
    'onopen',
    'onclose',
    'onerror',
    'onmessage',
    'CONNECTING',
    'OPEN',
    'CLOSING',
    'CLOSED'
  ];
  parity(
    'have the values of ws',
    acting((ws, log) => {
      for (const name of names) log.push([name, ws[name]]);
    })
  );
  parity('have the descriptors of ws', async (lib) => {
    const describe = (object, name) => {
      const { get, set, value, ...rest } = Object.getOwnPropertyDescriptor(object, name) ?? {};
      return [name, typeof get, typeof set, value, rest];
    };
    return [
      ...names.map((name) => describe(lib.WebSocket.prototype, name)),
      ...['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].map((name) => describe(lib.WebSocket, name)),
      lib.WebSocket.length,
      lib.WebSocketServer.length
    ];
  });
  parity(
    'can be set without effect',
    acting((ws, log) => {
      for (const name of ['binaryType', 'onmessage']) {
        ws[name] = 'nonsense';
        log.push(ws[name]);
      }
    })
  );
});

describe('binaryType', () => {
  const parts = [
    frame('binary', 'whole'),
    frame('binary', ''),
    frame('binary', 'frag', { fin: false }),
    frame('continuation', '', { fin: false }),
    frame('continuation', 'ments'),
    frame('binary', big),
    frame('text', 'text')
  ];
  for (const type of ['nodebuffer', 'arraybuffer', 'fragments']) {
    parity(
      type,
      acting((ws) => (ws.binaryType = type), { send: parts })
    );
  }
  parity(
    'blob',
    acting(
      (ws, log) => {
        ws.binaryType = 'blob';
        ws.on('message', (data) => log.push([data instanceof Blob, data.size, data.type]));
      },
      { send: [frame('binary', 'blob'), frame('binary', '')] }
    )
  );
  parity(
    'can change between messages',
    acting((ws) => ws.on('message', () => (ws.binaryType = 'arraybuffer')), {
      send: [frame('binary', 'a'), frame('binary', 'b')]
    })
  );
});

describe('the memory of large messages', () => {
  parity(
    'can be transferred',
    acting(
      (ws, log) => {
        ws.binaryType = 'arraybuffer';
        ws.on('message', (data) => {
          const copy = structuredClone(data, { transfer: [data] });
          log.push([data.byteLength, copy.byteLength]);
        });
      },
      { send: [frame('binary', Buffer.alloc(20_000, 'a')), frame('binary', Buffer.alloc(300_000))] }
    )
  );
});

describe('the EventEmitter', () => {
  parity('listeners that come and go', async (lib) => {
    const ws = new lib.WebSocket(null, undefined, {});
    const log = [];
    const note = (what) => log.push([what, ws.eventNames(), ws._eventsCount]);
    const listener = () => log.push('called');
    const symbol = Symbol('symbol');
    note('new');
    ws.on('newListener', (type) => log.push(['new', type]));
    ws.on('removeListener', (type) => log.push(['removed', type]));
    for (const type of ['message', '7', symbol, '3', 'toString', '__proto__', 'hasOwnProperty']) {
      log.push([ws.emit(type), ws.listenerCount(type)]);
      ws.on(type, listener);
      ws.prependOnceListener(type, listener);
      log.push([ws.emit(type), ws.listenerCount(type), ws.rawListeners(type).length]);
    }
    note('all');
    ws.off('message', listener);
    note('less');
    ws.removeAllListeners('removeListener');
    ws.removeAllListeners();
    note('none');
    ws.once('close', listener);
    note('again');
    ws.emit('close');
    note('over');
    return log.flat(3).map(String);
  });
});

describe('the EventTarget face', () => {
  const describe = (event) => ({
    class: event.constructor.name,
    keys: Object.keys(Object.getPrototypeOf(event)),
    type: event.type,
    isTarget: event.target.constructor.name,
    data: plain(event.data),
    code: event.code,
    reason: event.reason,
    wasClean: event.wasClean,
    message: event.message,
    error: plain(event.error)
  });
  const send = [frame('text', 'text'), frame('binary', 'binary'), closeFrame(4000, 'reason')];
  parity(
    'on<event> attributes',
    acting(
      (ws, log) => {
        for (const type of ['open', 'message', 'error', 'close']) {
          ws[`on${type}`] = function (event) {
            log.push([this === ws, describe(event)]);
          };
        }
      },
      { send }
    )
  );
  parity(
    'an error event',
    acting((ws, log) => (ws.onerror = (event) => log.push(describe(event))), {
      send: [frame(3, 'bad')]
    })
  );
  parity(
    'addEventListener',
    acting(
      (ws, log) => {
        const listener = (event) => log.push(describe(event));
        for (const type of ['message', 'close', 'ping', 'nonsense', 'toString']) {
          ws.addEventListener(type, listener);
          ws.addEventListener(type, listener);
          log.push(ws.listenerCount(type));
        }
      },
      { send }
    )
  );
  parity(
    'once, handleEvent, and removal',
    acting(
      (ws, log) => {
        const object = {
          handleEvent(event) {
            log.push(['object', this === object, event.data]);
          }
        };
        const never = () => log.push('never');
        ws.addEventListener('message', object);
        ws.addEventListener('message', () => log.push('once'), { once: true });
        ws.addEventListener('message', never);
        ws.removeEventListener('message', never);
        ws.removeEventListener('message', () => {});
        ws.onmessage = never;
        ws.onmessage = null;
        log.push(ws.onmessage);
        const attribute = () => log.push('attribute');
        ws.onmessage = attribute;
        ws.removeEventListener('message', attribute);
        log.push(ws.onmessage === attribute);
      },
      { send }
    )
  );
});

describe('the end of a connection', () => {
  parity('without a close frame', (lib) =>
    converse(lib, { send: [frame('text', 'a')], client: (client) => client.end() })
  );
  parity('in the middle of a frame', (lib) =>
    converse(lib, { send: [frame('text', 'abc').subarray(0, 7)], client: (client) => client.end() })
  );
  parity('by a reset', (lib) =>
    converse(lib, {
      onConnection: (ws) => ws.send('hello'),
      client: async (client) => {
        await client.read(7);
        await client.reset();
      }
    })
  );
  parity('after a close frame, when nobody ends the transport', (lib) =>
    converse(lib, {
      options: { closeTimeout: 60 },
      onConnection: (ws) => ws.close(1000),
      client: (client) => client.closed
    })
  );
  parity('what was sent before the peer ends is answered', (lib) =>
    converse(lib, {
      onConnection: (ws) => ws.on('message', (data) => ws.send(data, { binary: false })),
      client: async (client) => {
        client.socket.end(frame('text', 'last'));
        await client.closed;
      }
    })
  );
});
