'use strict';

// So many connections at a time.
const AT_ONCE = 20;

/**
 * Sends each beginning of `bytes`, shorter than all of them, on a connection of its own, and then ends
 * or resets that.
 *
 * @param {Buffer} bytes
 * @param {function(): Promise<RawClient>} connect
 */
async function cutAtEachByte(bytes, connect) {
  for (let size = 0; size < bytes.length; size += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, bytes.length - size) }, async (_, i) => {
        const client = await connect();
        await client.send(bytes.subarray(0, size + i));
        await (i % 2 === 0 ? client.end() : client.reset());
      })
    );
  }
}

module.exports = { cutAtEachByte };
