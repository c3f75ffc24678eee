'use strict';

// Request heads, made by a grammar and with faults put in: a port of ours, an HTTP server with our
// WebSocketServer on it and ws's own port answer the same, but for the list in this file.
//
// More of them, and others: HEADS=100000 SEED=7 npx jest test/parity/heads

const http = require('http');

const ws = require('ws');

const wsuv = require('../..');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { randomNumbers } = require('../helpers/random');
const { RawClient } = require('../helpers/raw-client');
const { start, stop } = require('./parity');

const HEADS = Number(process.env.HEADS ?? 3000);
const AT_ONCE = 25;

expectNothingLeftOpen();

/**
 * Where a port answers otherwise, and why. Each has to happen, or it is no difference any more.
 *
 * @type {Array<{reason: String, when: RegExp, ours: Number=, theirs: Number=, until: Number=}>} the
 *     heads in Latin-1, the statuses where they matter, and the version of Node.js that differs no more
 */
const DIFFERENCES = [
  {
    reason: 'RFC 9112 2.3: a version that is not HTTP/1.0 or 1.1, or none',
    when: /^[\r\n]*[A-Z-]+ +\S+(?: +(?:HTTP\/(?:0\.9|2\.0)|RTSP\/1\.0|ICE\/1\.0))?(?:\r\n|$)/,
    ours: 400
  },
  {
    reason: 'RFC 9112 3: one space between the parts of a request line',
    when: /^[\r\n]*[A-Z-]+(?: {2,}\S+ +| \S+ {2,})HTTP/,
    ours: 400
  },
  {
    reason: 'RFC 9112 3.2: of several Hosts nobody knows which is meant',
    when: /\nHost:[^]*\nHost:/,
    ours: 400
  },
  {
    reason: 'RFC 9112 6.3: a body behind an upgrade would be taken for frames',
    when: /\n(?:Transfer-Encoding:|Content-Length: 0*[1-9])[^]*/,
    ours: 400
  },
  {
    reason: 'a proxy is asked for, and told that here is none',
    when: /^[\r\n]*CONNECT /,
    ours: 400
  },
  { reason: 'RFC 9110 10.1.1: Expect may be ignored', when: /\nExpect: /, ours: 426 },
  {
    reason: 'RFC 9110 5.6.1: white space in a list may be a tab, which Node.js knows from 22 on',
    when: /upgrade\t,/,
    until: 22
  },
  {
    reason: 'of two faults the other one is told',
    when: /Cookie: c{16000}|X-Many/,
    theirs: 400,
    ours: 431
  },
  {
    reason: 'more headers than maxHeadersCount, which Node.js drops before 22',
    when: /(?:\nX-Many: \r){900}/,
    until: 22,
    ours: 431
  }
];

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

// For each part of a head what it may be; the first one is right. Bytes are Latin-1 characters.
const PARTS = {
  before: ['', '\r\n', '\n\r\n\r', ' ', '\r\n '],
  method: [
    'GET',
    ...['HEAD', 'POST', 'OPTIONS', 'QUERY', 'M-SEARCH', 'CONNECT', 'SOURCE', 'PRI', 'FOO'],
    ...['get', 'GETS', 'G', '', 'GET\t', '\x16\x03\x01', '\xff', '<']
  ],
  space: [' ', '  ', '\t', '', ' \t'],
  target: [
    '/',
    ...['/a?b=c&d', '*', '*a', 'http://a/b', 'ws://u:p@h:1/p?q', 'http://', 'http:///', 'h1://a'],
    ...['http://a#b', 'http://a?b', 'http://a@@b/', 'http://a@b@c', 'http://a@', 'http:/a', 'http'],
    ...['a', '?', '', '/#a#b', '/a b', '/caf\xc3\xa9', '/\x80', '/\xff', '/\t', '/\x7f', '/\x01'],
    ...['http://[::1]:80/', 'a:80', '/?\xe9', '/"<>\\^`{|}', 'http://a"b', 'http://a\\b', '//']
  ],
  version: [
    'HTTP/1.1',
    ...[
      'HTTP/1.0',
      'HTTP/0.9',
      'HTTP/2.0',
      'HTTP/1.2',
      'HTTP/3.0',
      'HTTP/1',
      'HTTP/11',
      'HTTP/1.10'
    ],
    ...['http/1.1', 'RTSP/1.0', 'ICE/1.0', 'HTTP/1.1 ', '', 'X']
  ],
  end: ['\r\n', '\n', '\r', '\r\r\n', '\r\n\n'],
  host: ['Host: a', undefined, 'Host:', 'Host: a\r\nHost: b', 'host: \t a', 'HOST:a'],
  upgrade: [
    'Upgrade: websocket',
    ...[undefined, 'Upgrade:', 'Upgrade: WEBSOCKET', 'Upgrade: h2c', 'Upgrade: websocket, h2c'],
    ...['Upgrade: websocket\r\nUpgrade: websocket', 'Upgrade: \t', 'Upgrade:\r\nUpgrade: websocket']
  ],
  connection: [
    'Connection: Upgrade',
    ...[undefined, 'Connection:', 'Connection: close', 'Connection: keep-alive, Upgrade'],
    ...['Connection: upgrade,', 'Connection: ,,UPGRADE ,', 'Connection: Upgrade foo'],
    ...[
      'Connection: foo Upgrade',
      'Connection: close\r\nConnection: upgrade',
      'Connection: upgraded'
    ],
    ...['Connection: Upgrade, close', 'Connection: "Upgrade"', 'Connection: close,upgrade\t,x']
  ],
  key: [
    `Sec-WebSocket-Key: ${KEY}`,
    ...[undefined, 'Sec-WebSocket-Key:', `Sec-WebSocket-Key: ${KEY.slice(1)}`],
    ...[`Sec-WebSocket-Key: ${KEY}=`, `sec-websocket-key:${KEY} \t`, 'Sec-WebSocket-Key: a'],
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Key: ${KEY}`
  ],
  wsVersion: [
    '13',
    ...['8', '08', '013', '0xd', '0XD', '0b1101', '0o15', '13.0', '13.', '1.3e1', '130e-1', '+13'],
    ...[
      '.8e1',
      '13\xa0',
      '\t13',
      '7',
      '14',
      '',
      '-13',
      '13,8',
      '13 8',
      '0x',
      '1e1',
      '13e',
      'x',
      '.'
    ],
    ...['0x0D', '+0xd', '13_0', 'Infinity', '80e-1', '0.08e2', '13\r\nSec-WebSocket-Version: 13']
  ],
  length: [
    undefined,
    ...['0', '00', '5', '', '0\r\nContent-Length: 5', '0\r\nContent-Length: 0', '-1', '+0', '0x0'],
    ...['0, 0', '18446744073709551616', '1 ', '0 0']
  ].map((value) => value !== undefined && `Content-Length: ${value}`),
  encoding: [undefined, 'chunked', 'gzip, chunked', 'chunked, gzip', 'gzip', '', 'Chunked'].map(
    (value) => value !== undefined && `Transfer-Encoding: ${value}`
  ),
  expect: [undefined, 'Expect: 100-continue', 'Expect: x'],
  other: [
    undefined,
    ...['X: \x7f', 'X: \0', 'X: \x01', 'X: a\tb', 'X: \x80\xff', 'X: \x0b', 'X: a\rb', 'X: a\nb'],
    ...['X : a', ' X: a', ': a', 'X\x80: a', 'X', 'X: a\r\n b', 'X:\r\n\tb', '"X": a', 'X(: a'],
    ...['X: caf\xc3\xa9', "!#$%&'*+-.^_`|~: a", 'X:a:b', 'X:'],
    // Around the limits.
    ...[16000, 16200, 16384, 30000].map((size) => `Cookie: ${'c'.repeat(size)}`),
    `X: ${' '.repeat(9000)}a`,
    ...[900, 1100].map((count) => 'X-Many: \r\n'.repeat(count) + 'X: a')
  ],
  behind: ['', 'rest', '\r\n', 'GET / HTTP/1.1\r\n']
};

const FIELDS = ['host', 'upgrade', 'connection', 'key', 'wsVersion', 'length', 'encoding'];

function makeHead(random) {
  const names = Object.keys(PARTS);
  const chosen = Object.fromEntries(names.map((name) => [name, PARTS[name][0]]));
  // A quarter are plain requests.
  if (random(4) === 0) chosen.upgrade = chosen.key = chosen.connection = undefined;
  for (let faults = random(4); faults > 0; faults--) {
    const name = names[random(names.length)];
    chosen[name] = PARTS[name][random(PARTS[name].length)];
  }
  const { before, method, space, target, version, end, behind } = chosen;
  chosen.wsVersion = `Sec-WebSocket-Version: ${chosen.wsVersion}`;
  const fields = [...FIELDS, 'expect', 'other'].map((name) => chosen[name]).filter(Boolean);
  // In any order.
  for (let i = fields.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [fields[i], fields[j]] = [fields[j], fields[i]];
  }
  const head = `${before}${method}${space}${target}${space}${version}${end}${fields.join('\r\n')}\r\n\r\n`;
  const cut = random(20) === 0 ? random(head.length) : Infinity;
  return cut === Infinity ? head + behind : head.slice(0, cut);
}

// The first final answer to a head and the end of what is sent: 0 if the connection just ends.
async function ask(port, head) {
  const client = new RawClient(port);
  await client.connected();
  client.socket.end(Buffer.from(head, 'latin1'));
  await client.closed;
  const text = client.received.toString('latin1').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  if (text === '') return { status: 0 };
  const status = Number(/^HTTP\/1\.1 (\d+) /.exec(text)[1]);
  if (status === 101) return { status, text: text.slice(0, text.indexOf('\r\n\r\n')) };
  const length = Number(/\r\nContent-Length: (\d+)\r\n/.exec(text)?.[1] ?? 0);
  const start = text.indexOf('\r\n\r\n') + 4;
  const body = text.slice(start, start + length);
  // Behind a response without a body there may be another one.
  return { status, length, body: body.startsWith('HTTP/') ? '' : body };
}

const TARGETS = {
  // Plain requests are answered as ws's own port answers them.
  ws: async () => start(ws),
  port: async () => start(wsuv),
  server: async () => {
    const web = http.createServer((req, res) => {
      res.writeHead(426, { 'Content-Type': 'text/plain', 'Content-Length': 16 });
      res.end('Upgrade Required');
    });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    const server = new wsuv.WebSocketServer({ server: web });
    server.on('close', () => web.close());
    return { server, port: web.address().port };
  }
};

test(`${HEADS} heads are answered as under ws, but for what is listed`, async () => {
  const targets = {};
  for (const [name, make] of Object.entries(TARGETS)) {
    targets[name] = await make();
    targets[name].server.on('connection', (socket) => socket.on('error', () => {}));
  }
  const random = randomNumbers(Number(process.env.SEED ?? 20));
  const heads = Array.from({ length: HEADS }, () => makeHead(random));
  const unexplained = [];
  const happened = new Map(DIFFERENCES.map((difference) => [difference, 0]));
  const statuses = {};

  const compare = async (head) => {
    const [expected, port, server] = await Promise.all(
      ['ws', 'port', 'server'].map((name) => ask(targets[name].port, head))
    );
    statuses[expected.status] = (statuses[expected.status] ?? 0) + 1;
    const isSame = (answer) => JSON.stringify(answer) === JSON.stringify(expected);
    if (!isSame(server)) unexplained.push({ head, expected, server });
    if (isSame(port)) return;
    const difference = DIFFERENCES.find(
      ({ when, ours, theirs }) =>
        when.test(head) &&
        (ours === undefined || ours === port.status) &&
        (theirs === undefined || theirs === expected.status)
    );
    if (difference === undefined) unexplained.push({ head, expected, port });
    else happened.set(difference, happened.get(difference) + 1);
  };
  for (let i = 0; i < heads.length; i += AT_ONCE) {
    await Promise.all(heads.slice(i, i + AT_ONCE).map(compare));
  }
  await Promise.all(Object.values(targets).map(({ server }) => stop(server)));

  expect(unexplained.map((each) => ({ ...each, head: each.head.slice(0, 600) }))).toEqual([]);
  // The grammar reaches all of it.
  expect(Object.keys(statuses)).toEqual(
    expect.arrayContaining(['0', '101', '400', '405', '417', '426', '431'])
  );
  const major = Number(process.versions.node.split('.')[0]);
  for (const [{ reason, until = Infinity }, count] of happened) {
    expect([reason, count > 0 || major >= until]).toEqual([reason, true]);
  }
}, 300_000);
