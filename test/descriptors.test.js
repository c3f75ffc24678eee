'use strict';

// A process that has no descriptors left goes on, and recovers when it has some again.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');

const { closeFrame, frame, parseFrames } = require('./helpers/frames');
const { RawClient } = require('./helpers/raw-client');

const isUnix = process.platform !== 'win32';

async function echoes(port, url) {
  const client = new RawClient(port);
  const head = await client.upgrade({}, { path: url });
  await client.send(frame('text', url));
  await client.until((bytes) => parseFrames(bytes).frames.length > 0);
  const [message] = parseFrames(client.received).frames;
  await client.send(closeFrame(1000));
  await client.closed;
  return [head.split('\r\n', 1)[0], message?.payload.toString()];
}

function start(where) {
  const script = path.join(__dirname, 'helpers', 'exhausting-process.js');
  const command = `ulimit -n 100 && exec "${process.execPath}" "${script}" ${where}`;
  return spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

(isUnix ? describe : describe.skip)('without descriptors', () => {
  for (const where of ['server', 'port']) {
    test(`a connection has one: ${where}`, async () => {
      const child = start(where);
      const count = async () => {
        child.send('count');
        return (await once(child, 'message'))[0];
      };
      const [port] = await once(child, 'message');
      const before = await count();
      const client = new RawClient(port);
      await client.upgrade();
      expect(await count()).toBe(before + 1);
      client.socket.destroy();
      await client.closed;
      child.disconnect();
      await once(child, 'exit');
    });

    test(`a handshake is finished, and later ones are as ever: ${where}`, async () => {
      const child = start(where);
      const tell = async (message) => {
        child.send(message);
        await once(child, 'message');
      };
      const [port] = await once(child, 'message');
      const answer = 'HTTP/1.1 101 Switching Protocols';
      expect(await echoes(port, '/first')).toEqual([answer, '/first false']);
      expect(await echoes(port, '/exhaust')).toEqual([answer, '/exhaust true']);
      await tell('free');
      expect(await echoes(port, '/later')).toEqual([answer, '/later false']);

      // One that is there goes on while new ones cannot be accepted.
      const before = new RawClient(port);
      await before.upgrade();
      await tell('exhaust');
      const refused = new RawClient(port);
      await before.send(frame('text', 'still there'));
      await before.until((bytes) => bytes.includes('still there true'));
      await tell('free');
      expect(await echoes(port, '/again')).toEqual([answer, '/again false']);
      before.socket.destroy();
      refused.socket.destroy();
      await Promise.all([before.closed, refused.closed]);
      child.disconnect();
      expect(await once(child, 'exit')).toEqual([0, null]);
    });
  }

  test('what was read behind the request is not lost', async () => {
    const child = start('behind');
    const [port] = await once(child, 'message');
    const client = new RawClient(port);
    const answered = client.upgrade();
    await once(child, 'message');
    await client.send(frame('text', 'behind'));
    await answered;
    await client.until((bytes) => bytes.includes('behind true'));
    client.socket.destroy();
    await client.closed;
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
