'use strict';

// Sends bytes through an echo server, as fast as they come back:
//
//   node stream.js PORT MEBIBYTES HOW COMPRESSED
//
// HOW is "message" (all of them are one message) or "messages" (of 64 KiB each, as
// createWebSocketStream() of ws makes them). Prints how many came back.
//
// So that it is not the client that is measured, it is no WebSocket: what it sends was made once, and
// of what comes it looks at the headers of frames. Of compressed messages it counts the ends.

const http = require('http');
const { randomBytes } = require('crypto');
const zlib = require('zlib');

const [, , port, mebibytes, how, compressed] = process.argv;
const SIZE = 64 * 1024;
const size = Number(mebibytes) * 1024 * 1024;
const isCompressed = compressed === 'true';
const isOneMessage = how === 'message';

const FIN = 0x80;
const RSV1 = 0x40;
const BINARY = 2;
const CONTINUATION = 0;
const CLOSE = 8;
// RFC 7692 7.2.1.
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

// Masked, as a client's.
function frame(firstByte, payload) {
  const header = Buffer.alloc(14);
  header[0] = firstByte;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  const key = randomBytes(4);
  key.copy(header, 10);
  return Buffer.concat([header, payload.map((byte, i) => byte ^ key[i & 3])]);
}

// What each frame has: it refers to nothing in front of it.
function* framesOf(chunk) {
  const whole = isCompressed
    ? zlib.deflateRawSync(chunk, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
    : chunk;
  const last = isCompressed ? whole.subarray(0, -TAIL.length) : whole;
  const first = BINARY | (isCompressed ? RSV1 : 0);
  const count = size / SIZE;
  const message = frame(FIN | first, last);
  const begin = frame(first, whole);
  const middle = frame(CONTINUATION, whole);
  const end = frame(FIN | CONTINUATION, last);
  for (let i = 0; i < count; i++) {
    if (!isOneMessage) yield message;
    else yield i === 0 ? begin : i < count - 1 ? middle : end;
  }
}

function send(socket, frames) {
  for (;;) {
    const { done, value } = frames.next();
    if (done) return;
    if (socket.write(value)) continue;
    socket.once('drain', () => send(socket, frames));
    return;
  }
}

/** Calls back with the size of what a server's frames have, in pieces, and where a message ends. */
class Frames {
  #header = Buffer.alloc(0);
  #left = 0;
  #isLast = false;

  take(chunk, onPayload, onEnd) {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const size = this.#takeHeader(chunk.subarray(at));
        if (size === 0) return;
        at += size;
      }
      const piece = Math.min(this.#left, chunk.length - at);
      at += piece;
      this.#left -= piece;
      onPayload(piece);
      if (this.#left === 0 && this.#isLast) onEnd();
    }
  }

  // How many bytes of these the header has; 0 if it is not whole.
  #takeHeader(bytes) {
    const had = this.#header.length;
    const header = Buffer.concat([this.#header, bytes.subarray(0, 10)]);
    const code = header.length < 2 ? 0 : header[1];
    const whole = code < 126 ? 2 : code === 126 ? 4 : 10;
    if (header.length < whole) {
      this.#header = header;
      return 0;
    }
    this.#header = Buffer.alloc(0);
    if ((header[0] & 0x0f) >= CLOSE) throw new Error(`Opcode ${header[0] & 0x0f}`);
    this.#isLast = (header[0] & FIN) !== 0;
    if (code < 126) this.#left = code;
    else this.#left = code === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    return whole - had;
  }
}

function main() {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': 13,
    ...(isCompressed && { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
  };
  const req = http.get({ host: '127.0.0.1', port, headers });
  req.on('upgrade', (res, socket) => {
    let got = 0;
    const count = (bytes) => {
      got += bytes;
      if (got < size) return;
      console.log(got);
      process.exit();
    };
    const frames = new Frames();
    const onPayload = isCompressed ? () => {} : count;
    const onEnd = isCompressed ? () => count(isOneMessage ? size : SIZE) : () => {};
    socket.setNoDelay();
    socket.on('data', (chunk) => frames.take(chunk, onPayload, onEnd));
    send(socket, framesOf(Buffer.alloc(SIZE, 'a text that can be compressed, ')));
  });
}

main();
