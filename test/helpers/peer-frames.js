'use strict';

const { constants, inflateRawSync } = require('zlib');

const { parseFrames } = require('./frames');

/**
 * The whole frames among bytes of either side.
 *
 * @param {Buffer} bytes
 * @return {Object[]} as parseFrames() gives them
 */
function framesOf(bytes) {
  return parseFrames(bytes).frames;
}

/**
 * What frames come to: control frames as they are, messages whole. Throws where frames follow one
 * another that must not (RFC 6455 5.4).
 *
 * @param {Object[]} frames from framesOf()
 * @return {{kind: (String|Number), data: Buffer, sizes: (Number[]|undefined), rsv1: Boolean}[]}
 */
function messagesOf(frames) {
  const messages = [];
  let message = null;
  for (const { fin, opcode, payload, rsv1 } of frames) {
    if (opcode >= 8) {
      if (!fin || rsv1 || payload.length > 125) throw new Error('No control frame');
      messages.push({ kind: { 8: 'close', 9: 'ping', 10: 'pong' }[opcode], data: payload });
      continue;
    }
    if ((message === null) === (opcode === 0)) throw new Error(`Opcode ${opcode} out of order`);
    if (opcode === 0 && rsv1) throw new Error('RSV1 on a continuation');
    message ??= { kind: opcode === 1 ? 'text' : 'binary', pieces: [], rsv1 };
    message.pieces.push(payload);
    if (!fin) continue;
    const { pieces, ...rest } = message;
    messages.push({
      ...rest,
      data: Buffer.concat(pieces),
      sizes: pieces.map((piece) => piece.length)
    });
    message = null;
  }
  return messages;
}

/** Inflates the first compressed message of a connection. */
function inflated(data) {
  return inflateRawSync(Buffer.concat([data, Buffer.from([0, 0, 0xff, 0xff])]), {
    finishFlush: constants.Z_SYNC_FLUSH
  });
}

/**
 * Takes what comes to a RawClient out of its hands, since it may be much. Nothing is read before it is
 * asked for.
 *
 * @param {RawClient} peer
 * @return {function(): Promise<Buffer>} resolves with all that came, when a close frame is the last of
 *     it, or a text message of these characters, or when the connection is over
 */
function record(peer) {
  const { socket } = peer;
  const chunks = [peer.received];
  socket.removeAllListeners('data');
  socket.pause();
  return (text) =>
    new Promise((resolve) => {
      const done = () => resolve(Buffer.concat(chunks));
      // Bytes of payload to be left out, and what may be the beginning of a header.
      let left = 0;
      let rest = Buffer.alloc(0);
      const isLast = ({ opcode, payload }) =>
        text === undefined ? opcode === 8 : opcode === 1 && String(payload) === text;
      const look = (chunk) => {
        const skipped = Math.min(left, chunk.length);
        left -= skipped;
        rest = Buffer.concat([rest, chunk.subarray(skipped)]);
        while (rest.length >= 2) {
          const size = frameSize(rest);
          if (size === undefined) return;
          if (size <= 256 && rest.length < size) return;
          if (size <= 256 && isLast(framesOf(rest.subarray(0, size))[0])) done();
          left = Math.max(size - rest.length, 0);
          rest = rest.subarray(size);
        }
      };
      socket.on('close', done);
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        look(chunk);
      });
      look(chunks[0]);
      socket.resume();
    });
}

// The bytes of a frame, header included, as far as they are known.
function frameSize(bytes) {
  const length = bytes[1] & 127;
  const mask = (bytes[1] & 0x80) === 0 ? 0 : 4;
  if (length < 126) return 2 + mask + length;
  if (length === 126) return bytes.length < 4 ? undefined : 4 + mask + bytes.readUInt16BE(2);
  return bytes.length < 10 ? undefined : 10 + mask + Number(bytes.readBigUInt64BE(2));
}

module.exports = { framesOf, inflated, messagesOf, record };
