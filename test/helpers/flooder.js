'use strict';

// A process that sends the same frames again and again, as fast as they are taken: PORT KIND [secure].

const { deflated, frame } = require('./frames');
const { RawClient } = require('./raw-client');

/** What floods are made of: one frame, or a few. */
const FLOODS = {
  message: frame('text', 'x'),
  empty: frame('binary', ''),
  ping: frame('ping', 'x'),
  pong: frame('pong', 'x'),
  fragments: Buffer.concat([
    frame('text', 'x', { fin: false }),
    ...Array(50).fill(frame('continuation', '', { fin: false })),
    frame('continuation', 'y')
  ]),
  bomb: frame('binary', deflated(Buffer.alloc(250000)), { rsv: 4 }),
  smallBomb: frame('binary', deflated(Buffer.alloc(20000)), { rsv: 4 }),
  large: frame('binary', Buffer.alloc(200000))
};

/** Extensions that a flood needs. */
function headersOf(kind) {
  return kind.endsWith('omb') ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' } : {};
}

/** About so many bytes of a flood. */
function burst(kind, size) {
  const unit = FLOODS[kind];
  return Buffer.concat(Array(Math.max(1, Math.floor(size / unit.length))).fill(unit));
}

async function main() {
  const [, , port, kind, secure] = process.argv;
  const client = new RawClient(Number(port), { secure: secure === 'secure' });
  await client.upgrade(headersOf(kind), { path: '/fault' });
  client.socket.removeAllListeners('data');
  client.socket.resume();
  const chunk = burst(kind, 128 * 1024);
  const pour = () => {
    while (!client.isClosed && client.socket.write(chunk));
  };
  client.socket.on('drain', pour);
  pour();
  await client.closed;
}

if (require.main === module) {
  process.on('disconnect', () => process.exit());
  main().then(() => process.exit());
}

module.exports = { FLOODS, burst, headersOf };
