'use strict';

// ws as the client, with messages from 1 byte to 10 MiB.

const { once } = require('events');

const WS = require('ws');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { startEchoServer, stopServersAfterEach } = require('../helpers/servers');

stopServersAfterEach();
expectNothingLeftOpen();

describe.each([false, true, { threshold: 0, serverNoContextTakeover: true }])(
  'compression %j',
  (perMessageDeflate) => {
    test.each([1, 125, 126, 4096, 65535, 65536, 1024 * 1024, 10 * 1024 * 1024])(
      'messages of %d bytes come back',
      async (size) => {
        const server = await startEchoServer({ perMessageDeflate });
        const client = new WS(`ws://127.0.0.1:${server.port}`);
        await once(client, 'open');
        const bytes = Buffer.alloc(size, 'abcdefg');
        client.send(bytes);
        const [binary, isBinary] = await once(client, 'message');
        expect(isBinary && binary.equals(bytes)).toBe(true);
        client.send(bytes.toString());
        const [text, isStillBinary] = await once(client, 'message');
        expect(!isStillBinary && text.equals(bytes)).toBe(true);
        client.close(3000, 'done');
        expect((await once(client, 'close'))[0]).toBe(3000);
      }
    );

    test('many messages in flight keep their order', async () => {
      const server = await startEchoServer({ perMessageDeflate });
      const client = new WS(`ws://127.0.0.1:${server.port}`);
      await once(client, 'open');
      const sizes = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 3000);
      const got = [];
      const all = new Promise((resolve) => {
        client.on('message', (data) => got.push(data.length) === sizes.length && resolve());
      });
      for (const size of sizes) client.send(Buffer.alloc(size));
      await all;
      expect(got).toEqual(sizes);
      client.close();
      await once(client, 'close');
    });

    test('fragments and pings from ws', async () => {
      const server = await startEchoServer({ perMessageDeflate });
      const client = new WS(`ws://127.0.0.1:${server.port}`);
      await once(client, 'open');
      client.send('one ', { fin: false });
      client.ping('p');
      client.send('message', { fin: true });
      const [[pong], [message]] = await Promise.all([
        once(client, 'pong'),
        once(client, 'message')
      ]);
      expect([pong.toString(), message.toString()]).toEqual(['p', 'one message']);
      client.close();
      await once(client, 'close');
    });
  }
);
