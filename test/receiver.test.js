'use strict';

const { execFileSync } = require('child_process');
const path = require('path');

const { Receiver } = require('..');

// A frame of a server, which is not masked.
function frame(opcode, payload, fin = true) {
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, payload.length]), payload]);
}

const TEXT = 1;
const BINARY = 2;
const PING = 9;

describe('Receiver', () => {
  // With time that grows with the square of the number of frames this takes minutes.
  test('reads a chunk of very many frames', (done) => {
    const COUNT = 500_000;
    const chunk = Buffer.alloc(2 * COUNT);
    for (let i = 0; i < COUNT; i++) chunk[2 * i] = 0x80 | BINARY;
    const receiver = new Receiver();
    let messages = 0;
    receiver.on('message', () => messages++);
    receiver.write(chunk, (error) => {
      expect(error ?? null).toBe(null);
      expect(messages).toBe(COUNT);
      done();
    });
  });

  // In a process of its own, since Jest's sandbox has other prototypes than the addon.
  test('runs no JavaScript of others while it parses', () => {
    const program = () => {
      const { Receiver } = require('.');
      const chunk = new Uint8Array(
        Buffer.from([0x81, 3, 0x6f, 0x6e, 0x65, 0x89, 1, 0x70])
      ).subarray();
      const receiver = new Receiver();
      let calls = 0;
      let got = '';
      receiver.on('message', (data) => (got += data));
      receiver.on('ping', (data) => (got += data));
      const keys = [...Array(20).keys()].map(String).concat('kind', 'used');
      for (const prototype of [Array.prototype, Object.prototype]) {
        for (const key of keys) {
          Object.defineProperty(prototype, key, {
            configurable: true,
            set() {
              calls++;
              if (chunk.length > 0) structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
            }
          });
        }
      }
      receiver._write(chunk, 'buffer', () => {});
      for (const prototype of [Array.prototype, Object.prototype]) {
        for (const key of keys) delete prototype[key];
      }
      console.log(JSON.stringify({ calls, got }));
    };
    const printed = execFileSync(process.execPath, ['-e', `(${program})()`], {
      cwd: path.join(__dirname, '..'),
      encoding: 'utf8'
    });
    expect(JSON.parse(printed)).toEqual({ calls: 0, got: 'onep' });
  });

  test('gives every event although a listener takes the memory of its data away', () => {
    const receiver = new Receiver();
    const chunk = Buffer.concat([
      frame(TEXT, Buffer.from('taken')),
      frame(BINARY, Buffer.alloc(0)),
      frame(PING, Buffer.alloc(0))
    ]);
    const got = [];
    receiver.on('message', (data, isBinary) => {
      got.push(isBinary);
      if (data.length > 0) structuredClone(data.buffer, { transfer: [data.buffer] });
    });
    receiver.on('ping', () => got.push('ping'));
    receiver.write(chunk);
    expect(got).toEqual([false, true, 'ping']);
  });

  test('gives fragments in one piece and each by itself', () => {
    for (const binaryType of ['nodebuffer', 'arraybuffer', 'fragments']) {
      const receiver = new Receiver({ binaryType });
      const got = [];
      receiver.on('message', (data) => got.push(data));
      receiver.write(
        Buffer.concat([
          frame(BINARY, Buffer.from('one'), false),
          frame(PING, Buffer.from('between')),
          frame(0, Buffer.from('three')),
          frame(BINARY, Buffer.from('four'))
        ])
      );
      const parts =
        binaryType === 'fragments'
          ? got.map((list) => list.map(String))
          : got.map((data) => String(Buffer.from(data)));
      expect(parts).toEqual(
        binaryType === 'fragments' ? [['one', 'three'], ['four']] : ['onethree', 'four']
      );
    }
  });

  test('holds what came in pieces', () => {
    const receiver = new Receiver();
    const got = [];
    receiver.on('message', (data) => got.push(String(data)));
    receiver.on('ping', (data) => got.push(`ping ${data}`));
    const large = 'x'.repeat(200);
    const bytes = Buffer.concat([
      frame(PING, Buffer.from('ping')),
      Buffer.from([0x80 | TEXT, 126, 0, 200]),
      Buffer.from(large)
    ]);
    for (const byte of bytes) receiver.write(Buffer.from([byte]));
    expect(got).toEqual(['ping ping', large]);
  });
});
