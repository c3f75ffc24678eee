'use strict';

const zlib = require('zlib');

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/**
 * A frame as RFC 6455 5.2 draws it, made without the code under test.
 *
 * @param {(String|Number)} type a name of an opcode, or the number
 * @param {(String|Buffer)} [payload]
 * @param {Object} [options] fin, rsv (three bits), masked, lengthBytes (0, 2 or 8)
 * @return {Buffer}
 */
function frame(type, payload = '', { fin = true, rsv = 0, masked = true, lengthBytes } = {}) {
  const data = Buffer.from(payload);
  const opcode = typeof type === 'string' ? OPCODES[type] : type;
  const bytes = lengthBytes ?? (data.length < 126 ? 0 : data.length < 65536 ? 2 : 8);
  const header = Buffer.alloc(2 + bytes);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = (masked ? 0x80 : 0) | (bytes === 0 ? data.length : bytes === 2 ? 126 : 127);
  if (bytes === 2) header.writeUInt16BE(data.length, 2);
  if (bytes === 8) header.writeBigUInt64BE(BigInt(data.length), 2);
  if (!masked) return Buffer.concat([header, data]);
  const key = Buffer.from([0x12, 0xc4, 0x5f, 0x81]);
  return Buffer.concat([header, key, data.map((byte, i) => byte ^ key[i % 4])]);
}

/**
 * A close frame.
 *
 * @param {Number} [code] none for an empty payload
 * @param {String} [reason]
 * @param {Object} [options] see frame()
 * @return {Buffer}
 */
function closeFrame(code, reason = '', options = {}) {
  if (code === undefined) return frame('close', '', options);
  return frame(
    'close',
    Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]),
    options
  );
}

/**
 * Takes the frames of either side apart, without the code under test.
 *
 * @param {Buffer} bytes
 * @return {{frames: {fin: Boolean, rsv1: Boolean, opcode: Number, isMasked: Boolean, payload:
 *     Buffer}[], rest: Buffer}} the whole ones, and what is behind them
 */
function parseFrames(bytes) {
  const frames = [];
  let at = 0;
  while (bytes.length - at >= 2) {
    const isMasked = (bytes[at + 1] & 0x80) !== 0;
    let length = bytes[at + 1] & 127;
    let header = 2;
    if (length === 126) {
      if (bytes.length - at < 4) break;
      length = bytes.readUInt16BE(at + 2);
      header = 4;
    } else if (length === 127) {
      if (bytes.length - at < 10) break;
      length = Number(bytes.readBigUInt64BE(at + 2));
      header = 10;
    }
    const key = bytes.subarray(at + header, at + header + 4);
    if (isMasked) header += 4;
    if (bytes.length - at < header + length) break;
    const payload = Buffer.from(bytes.subarray(at + header, at + header + length));
    if (isMasked) for (let i = 0; i < length; i++) payload[i] ^= key[i & 3];
    const [first] = bytes.subarray(at, at + 1);
    frames.push({
      fin: (first & 0x80) !== 0,
      rsv1: (first & 0x40) !== 0,
      opcode: first & 15,
      isMasked,
      payload
    });
    at += header + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

/**
 * What a compressed message has for a payload (RFC 7692 7.2.1).
 *
 * @param {(String|Buffer)} data
 * @return {Buffer}
 */
function deflated(data) {
  return zlib.deflateRawSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

module.exports = { closeFrame, deflated, frame, parseFrames };
