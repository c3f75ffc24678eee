'use strict';

// Bytes that change their length or their place between being checked and being used.

const { Duplex } = require('stream');

const { frame, parseFrames } = require('../../helpers/frames');
const { REQUEST, openSite, turns, until, visit } = require('../../helpers/sites');

// What a program can give that is another thing later, and how it becomes that.
const CHANGING = {
  growing() {
    const shared = new SharedArrayBuffer(10, { maxByteLength: 100000 });
    const view = new Uint8Array(shared).fill(0x41);
    return [view, () => (shared.grow(100000), view.fill(0x42))];
  },
  resized() {
    const buffer = new ArrayBuffer(10, { maxByteLength: 100000 });
    const view = new Uint8Array(buffer).fill(0x41);
    return [view, () => (buffer.resize(100000), view.fill(0x42))];
  },
  shrunk() {
    const buffer = new ArrayBuffer(100, { maxByteLength: 100000 });
    const view = new Uint8Array(buffer).fill(0x41);
    return [view, () => buffer.resize(3)];
  },
  detached() {
    const view = new Uint8Array(100).fill(0x41);
    return [view, () => structuredClone(view, { transfer: [view.buffer] })];
  },
  written() {
    const view = new Uint8Array(100).fill(0x41);
    return [view, () => view.fill(0x42)];
  },
  lying() {
    class Bytes extends Uint8Array {
      get byteLength() {
        return 5;
      }
      get length() {
        return 5;
      }
    }
    return [new Bytes(100000).fill(0x41), () => {}];
  },
  proxied() {
    return [new Proxy(new Uint8Array(10).fill(0x41), {}), () => {}];
  },
  growingGetter() {
    const buffer = new ArrayBuffer(10, { maxByteLength: 100000 });
    const view = new Uint8Array(buffer).fill(0x41);
    let reads = 0;
    Object.defineProperty(view, 'length', {
      get() {
        if (++reads === 2) buffer.resize(100000);
        return 10;
      }
    });
    return [view, () => {}];
  }
};

exports.KINDS = Object.keys(CHANGING);

/**
 * Gives `method` such bytes, directly or behind a Blob, and changes them afterwards. What came at the
 * peer are frames; the server serves the next connection.
 */
exports.changingBytes = async ({ lib, site, method, kind, behindBlob }) => {
  const wss = await openSite(lib, site);
  let thrown = null;
  wss.on('connection', (ws, req) => {
    ws.on('error', () => {});
    if (req.url !== '/first') return;
    const [data, change] = CHANGING[kind]();
    if (behindBlob) ws.send(new Blob(['x']), () => {});
    try {
      if (method === 'close') ws.close(1000, data);
      else ws[method](data, () => {});
    } catch (error) {
      thrown = error.name;
    }
    change();
    ws.send('last', () => {});
    ws.close();
  });
  const first = await visit(wss, '/first');
  const ended = (bytes) => parseFrames(bytes).frames.some((f) => f.opcode === 8);
  await first.until((bytes) => ended(bytes) || first.isClosed);
  const { frames, rest } = parseFrames(first.received);
  const next = await visit(wss, '/next');
  return {
    thrown,
    rest: rest.length,
    served: next.head.startsWith('HTTP/1.1 101'),
    frames: frames.map(({ opcode, payload }) => ({
      opcode,
      length: payload.length,
      text: payload.subarray(opcode === 8 ? 2 : 0, 12).toString('latin1')
    }))
  };
};

// Runs `action` once, when something is put into an Array that has nothing at an index yet.
function onElementOfArray(action) {
  const indices = Array.from({ length: 64 }, (_, i) => i);
  let hasRun = false;
  for (const index of indices) {
    Object.defineProperty(Array.prototype, index, {
      configurable: true,
      set(value) {
        Object.defineProperty(this, index, {
          configurable: true,
          enumerable: true,
          value,
          writable: true
        });
        if (hasRun) return;
        hasRun = true;
        action();
      }
    });
  }
  return () => indices.forEach((index) => delete Array.prototype[index]);
}

function transferAndWatch(view) {
  const size = view.length;
  structuredClone(view, { transfer: [view.buffer] });
  global.gc();
  const watched = Array.from({ length: 50 }, () => new Uint8Array(size));
  return () => watched.filter((array) => array.some((byte) => byte !== 0)).length;
}

/** A setter on Array.prototype runs while a Receiver or a connection is fed, and takes the chunk away. */
exports.settersOnArrays = async ({ lib, where }) => {
  const got = [];
  const bytes = Buffer.concat([
    ...Array(30).fill(frame('text', 'before')),
    frame('binary', Buffer.alloc(20000, 1)),
    frame('text', 'x', { fin: false }),
    frame('continuation', 'y', { fin: true })
  ]);
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(chunk);
  let changed = () => 0;
  let feed;
  if (where === 'receiver') {
    const receiver = new lib.Receiver({ isServer: true });
    receiver.on('message', (data) => got.push(data.length));
    receiver.on('error', () => {});
    feed = () => receiver.write(chunk);
  } else {
    const duplex = new Duplex({ read() {}, write: (piece, encoding, callback) => callback() });
    const inner = new lib.WebSocketServer({ noServer: true });
    inner.handleUpgrade(REQUEST, duplex, Buffer.alloc(0), (ws) => {
      ws.binaryType = 'fragments';
      ws.on('error', () => {});
      ws.on('message', (data) => got.push(data.length));
    });
    feed = () => duplex.emit('data', chunk);
  }
  const restore = onElementOfArray(() => (changed = transferAndWatch(chunk)));
  try {
    feed();
  } catch {
    // What a program gets that does this to itself is its own affair.
  }
  restore();
  await turns(10);
  return { changed: changed() };
};

/** The same while what a stream is to be written is taken from the addon. */
exports.settersDuringOutput = async ({ lib }) => {
  const written = [];
  const duplex = new Duplex({
    read() {},
    write(piece, encoding, callback) {
      written.push(Buffer.from(piece));
      callback();
    }
  });
  const inner = new lib.WebSocketServer({ noServer: true });
  let socket;
  inner.handleUpgrade(REQUEST, duplex, Buffer.alloc(0), (ws) => {
    socket = ws;
    ws.on('message', (data) => ws.send(data));
  });
  written.length = 0;
  const allocate = Buffer.allocUnsafe;
  // What a program replaced may be shorter than it was asked for.
  Buffer.allocUnsafe = (size) => allocate(Math.min(size, 8));
  try {
    socket.send('x'.repeat(50000));
    duplex.emit('data', frame('text', 'y'.repeat(50000)));
  } catch {
    // As above.
  }
  Buffer.allocUnsafe = allocate;
  await turns(10);
  socket.terminate();
  await until(() => socket.readyState === 3);
  return 'survived';
};

/** A masking key that is something else when it is looked at again. */
exports.maskingKeys = async ({ lib, kind }) => {
  const wss = await openSite(lib, 'port');
  const got = [];
  wss.on('connection', (ws) => {
    ws.on('message', (data) => got.push(String(data)));
    ws.on('error', (error) => got.push(error.message));
    ws.on('close', () => got.push('close'));
  });
  const generateMask = (key) => {
    key.fill(1);
    if (kind === 'detach') structuredClone(key, { transfer: [key.buffer] });
    if (kind === 'throw') throw new Error('No key');
  };
  const client = new lib.WebSocket(`ws://127.0.0.1:${wss.port}`, { generateMask });
  client.on('error', () => {});
  await new Promise((resolve) => client.on('open', resolve));
  for (const data of ['text', Buffer.from('bytes'), Buffer.alloc(70000, 'z')]) {
    try {
      client.send(data);
    } catch {
      // Its own affair.
    }
  }
  await turns(20);
  client.terminate();
  await until(() => got.includes('close'));
  const next = await visit(wss);
  return next.head.startsWith('HTTP/1.1 101');
};
