'use strict';

// What HTTP beside upgrades gets at a port: health checks, browsers, proxies and scanners. (Heads with
// every fault there is are in heads.test.js; docs/compatibility.md has the table for people.)

const { execFile } = require('child_process');
const http = require('http');
const path = require('path');
const { promisify } = require('util');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient, upgradeRequest } = require('../helpers/raw-client');
const { bye, parity, start, stop } = require('./parity');
const ws = require('ws');
const wsuv = require('../..');

expectNothingLeftOpen();

const get = (fields = '', version = '1.1', method = 'GET') =>
  `${method} / HTTP/${version}\r\n${version === '1.1' ? 'Host: a\r\n' : ''}${fields}\r\n`;

// What of a response is the same under ws; whether the connection stays is not.
function essence(text) {
  const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
  const line = head.slice(0, head.indexOf('\r\n'));
  const type = /\r\nContent-Type: (.*)\r\n/.exec(head)?.[1];
  const length = /\r\nContent-Length: (.*)\r\n/.exec(head)?.[1];
  // Node's answer to a request without Host is in chunks.
  const isChunked = head.includes('chunked');
  return { line, type, length, body: isChunked ? '' : text.slice(head.length) };
}

const probes = {
  'a health check with GET': get(),
  'a health check with HEAD': get('', '1.1', 'HEAD'),
  'a health check in HTTP/1.0': get('', '1.0'),
  'a health check with HEAD in HTTP/1.0': get('', '1.0', 'HEAD'),
  'a probe with POST': get('Content-Length: 5\r\n', '1.1', 'POST') + 'hello',
  'a probe with POST in chunks':
    get('Transfer-Encoding: chunked\r\n', '1.1', 'POST') + '5\r\nhello\r\n0\r\n\r\n',
  'OPTIONS *': 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  TRACE: get('', '1.1', 'TRACE'),
  'an upgrade to something else, without Connection': get('Upgrade: h2c\r\n'),
  'a request without Host': 'GET / HTTP/1.1\r\n\r\n',
  'HEAD without Host': 'HEAD / HTTP/1.1\r\n\r\n',
  'a method that is none': 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'the first bytes of TLS': Buffer.from('160301020001000001fc0303', 'hex'),
  'a policy file request': '<policy-file-request/>\0',
  'HEAD with a head that is too large': get(`Cookie: ${'c'.repeat(30000)}\r\n`, '1.1', 'HEAD'),
  'a head that is too large': get(`Cookie: ${'c'.repeat(30000)}\r\n`),
  'an upgrade that is too large': upgradeRequest({ Cookie: 'c'.repeat(30000) }),
  'HEAD with a fault': get('a b\r\n', '1.1', 'HEAD'),
  'half a head': 'GET / HTTP/1.1\r\nHost: a\r\n',
  'half a method': 'GE',
  'empty lines only': '\r\n\r\n',
  nothing: ''
};

for (const [title, bytes] of Object.entries(probes)) {
  parity(`${title}, and the end`, async (lib) => {
    const { server, port } = await start(lib);
    const client = new RawClient(port);
    await client.connected();
    if (bytes.length > 0) await client.send(bytes);
    client.socket.end();
    await client.closed;
    await stop(server);
    return essence(client.received.toString('latin1'));
  });
}

// What a server answers that is open, and whether it has seen what is right behind.
const upgrades = {
  'as nginx sends it unless told otherwise': [
    { Connection: 'upgrade', Origin: 'http://a' },
    { version: '1.0' }
  ],
  'behind empty lines': [{}, {}, '\r\n\r\n\n'],
  'without Host': [{ Host: undefined }],
  'with 15 KB of cookies': [{ Cookie: 'c'.repeat(15000) }],
  'with a target of 15 KB': [{}, { path: `/${'p'.repeat(15000)}` }],
  'with 150 headers': [
    Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`X-${i}`, String(i)]))
  ],
  'for a whole URL': [{}, { path: 'http://example.com/a?b' }],
  'with the version 08': [{ 'Sec-WebSocket-Version': '08', 'Sec-WebSocket-Origin': 'http://old' }]
};

for (const [title, [headers, line, before = '']] of Object.entries(upgrades)) {
  parity(`an upgrade ${title}`, async (lib) => {
    const { server, port } = await start(lib);
    const requests = [];
    server.options.verifyClient = ({ origin, req }) => {
      requests.push([origin, req.url, req.httpVersion, req.headers, req.rawHeaders.length]);
      return true;
    };
    const responses = [];
    const whole = before + upgradeRequest(headers, line);
    // In one piece, in two, and byte by byte where that does not take long.
    const cuts = [[whole], [whole.slice(0, 40), whole.slice(40)]];
    if (whole.length < 1000) cuts.push([...whole]);
    for (const pieces of cuts) {
      const client = new RawClient(port);
      client.socket.setNoDelay(true);
      for (const piece of pieces) {
        await client.send(piece);
        await new Promise(setImmediate);
      }
      responses.push(await client.response());
      await client.send(bye);
      await client.end();
    }
    await stop(server);
    return { requests, responses };
  });
}

describe('what Node.js answers on its own', () => {
  const bare = (status) => `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`;

  test.each([
    ['400 Bad Request', 'no head\r\n\r\n'],
    ['431 Request Header Fields Too Large', get(`X: ${'x'.repeat(20000)}\r\n`)]
  ])('%s', async (status, bytes) => {
    for (const lib of [ws, wsuv]) {
      const { server, port } = await start(lib);
      const client = new RawClient(port);
      await client.send(bytes);
      await client.closed;
      expect(client.received.toString()).toBe(bare(status));
      await stop(server);
    }
  });

  test('408 Request Timeout, for half a head and for none', async () => {
    const { server, port } = await start(wsuv, { handshakeTimeout: 50 });
    const clients = [new RawClient(port), new RawClient(port)];
    await clients[0].send('GET / HTTP/1.1\r\n');
    for (const client of clients) {
      await client.closed;
      expect(client.received.toString()).toBe(bare('408 Request Timeout'));
    }
    await stop(server);
  });
});

describe('the limits of heads', () => {
  // Of both an upgrade with `fields`.
  async function statuses(options, fields) {
    const web = http.createServer({ maxHeaderSize: options.maxHeaderSize });
    if (options.maxHeadersCount !== undefined) web.maxHeadersCount = options.maxHeadersCount;
    const onHttp = new ws.WebSocketServer({ server: web });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { server, port } = await start(wsuv, options);
    const found = [];
    for (const each of [web.address().port, port]) {
      const client = new RawClient(each);
      await client.send(upgradeRequest().replace(/\r\n$/, `${fields}\r\n`));
      found.push((await client.response()).slice(9, 12));
      client.socket.destroy();
      await client.closed;
    }
    await Promise.all([stop(onHttp), stop(server)]);
    await new Promise((resolve) => web.close(resolve));
    return found;
  }

  // Names, values and the target of the request without the field's value.
  const base = upgradeRequest({ X: '' })
    .split('\r\n')
    .slice(1)
    .reduce((sum, line) => sum + line.replace(': ', '').length, 1);

  for (const maxHeaderSize of [undefined, 1000, 100_000]) {
    test(`maxHeaderSize ${maxHeaderSize}, to the byte`, async () => {
      const size = (maxHeaderSize ?? http.maxHeaderSize) - base;
      const fits = `X: ${'x'.repeat(size - 1)}\r\n`;
      expect(await statuses({ maxHeaderSize }, fits)).toEqual(['101', '101']);
      const isTooLarge = `X: ${'x'.repeat(size)}\r\n`;
      expect(await statuses({ maxHeaderSize }, isTooLarge)).toEqual(['431', '431']);
      const isPadded = `X: x${' '.repeat(size - 1)}\r\n`;
      expect(await statuses({ maxHeaderSize }, isPadded)).toEqual(['431', '431']);
    });
  }

  test('maxHeadersCount', async () => {
    const ours = async (maxHeadersCount, count) =>
      (await statuses({ maxHeadersCount }, 'a: b\r\n'.repeat(count)))[1];
    // The request has five of its own.
    expect(await ours(undefined, 995)).toBe('101');
    expect(await ours(undefined, 996)).toBe('431');
    expect(await ours(10, 5)).toBe('101');
    expect(await ours(10, 6)).toBe('431');
    expect(await ours(0, 2500)).toBe('101');
  });

  test('--max-http-header-size', async () => {
    const script = `
      const { once } = require('events');
      const { RawClient, upgradeRequest } = require('./test/helpers/raw-client');
      (async () => {
        for (const { WebSocketServer } of [require('ws'), require('.')]) {
          const wss = new WebSocketServer({ port: 0 });
          await once(wss, 'listening');
          for (const size of [30_000, 70_000]) {
            const client = new RawClient(wss.address().port);
            await client.send(upgradeRequest({ Cookie: 'c'.repeat(size) }));
            console.log(size, (await client.response()).slice(9, 12));
            client.socket.destroy();
          }
        }
        process.exit();
      })();`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--max-http-header-size=65536', '-e', script],
      { cwd: path.join(__dirname, '..', '..') }
    );
    expect(stdout.trim().split('\n')).toEqual(['30000 101', '70000 431', '30000 101', '70000 431']);
  });
});

test('a request before an upgrade is answered, and ends the connection', async () => {
  const { server, port } = await start(wsuv);
  const client = new RawClient(port);
  await client.send(get(), upgradeRequest());
  await client.closed;
  const text = client.received.toString();
  expect(text).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\nConnection: close\r\n/);
  expect(text.endsWith('\r\n\r\nUpgrade Required')).toBe(true);
  await stop(server);
});
