'use strict';

// What programs, peers and the machine do wrong with MyWebsocket, myWebsocket() and
// wsuv/nodejs-websocket.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const { closeFrame } = require('../helpers/frames');
const { RawClient } = require('../helpers/raw-client');
const { TIMEOUT, rightUnder } = require('../helpers/scenario');

const file = require.resolve('./scenarios/own-servers');
const stress = path.join(__dirname, '..', 'stress', 'own-servers.js');
const example = path.join(__dirname, '..', '..', 'examples', 'nodejs-websocket.js');
const KINDS = ['my-websocket', 'smallest', 'nodejs-websocket'];

for (const kind of KINDS) {
  rightUnder(
    'wsuv',
    `${kind}: a handler that throws costs its own message only`,
    file,
    'throwing',
    (result) =>
      expect(result).toEqual({
        thrown: ['on purpose', 'on purpose'],
        texts: [
          ['before', 'behind'],
          ['before', 'behind']
        ]
      }),
    { args: { kind } }
  );

  for (const left of [0, 1, 3]) {
    rightUnder(
      'wsuv',
      `${kind}: with ${left} descriptors left it goes on, and recovers`,
      file,
      'descriptors',
      (result) => expect(result).toEqual({ early: ['hello'], late: ['hello'] }),
      { args: { kind, left }, descriptors: 200 }
    );
  }
}

rightUnder(
  'wsuv',
  "nodejs-websocket: a listener for 'error' that throws does not keep 'close' from coming",
  file,
  'throwingErrors',
  (result) =>
    expect(result).toEqual({
      log: [
        ['server', 1002, 2],
        ['server', 1006, 3],
        ['client', 1006, 3]
      ],
      thrown: Array(3).fill('on purpose'),
      connections: 0
    })
);

rightUnder(
  'wsuv',
  'selectProtocol() that throws, or returns what is no protocol, ends that connection',
  file,
  'hooks',
  ({ outcomes, thrown }) => {
    expect(outcomes).toEqual(Array(6).fill([0, 0]));
    expect(thrown).toEqual([
      'on purpose',
      ...Array(5).fill('selectProtocol() must return the name of a protocol, or nothing')
    ]);
  }
);

// A binary message of so many MiB goes through the example's echo, as streams both ways, to a peer that
// reads as fast as it can; resolves with the server's memory afterwards, at its highest.
async function echoStream(port, pid, mebibytes) {
  const piece = 64 * 1024;
  const client = new RawClient(port);
  await client.upgrade();
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk) => (received += chunk.length));
  const count = (mebibytes * 1024 * 1024) / piece;
  // A masking key of zeros leaves the payload as it is.
  const header = (first, size) => {
    const bytes = Buffer.alloc(14);
    bytes.set([first, 0xff]);
    bytes.writeBigUInt64BE(BigInt(size), 2);
    return bytes;
  };
  const payload = Buffer.alloc(piece, 'wsuv');
  for (let i = 0; i < count; i++) {
    client.socket.write(header((i === 0 ? 2 : 0) | (i === count - 1 ? 0x80 : 0), piece));
    if (!client.socket.write(payload)) await once(client.socket, 'drain');
  }
  while (received < mebibytes * 1024 * 1024) await once(client.socket, 'data');
  client.socket.end(closeFrame(1000));
  await client.closed;
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
}

test(
  'nodejs-websocket: a binary message of a gigabyte is echoed in memory that stays level',
  async () => {
    const child = spawn(process.execPath, [example], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit']
    });
    const [line] = await once(readline.createInterface({ input: child.stdout }), 'line');
    const port = Number(/:(\d+)$/.exec(line)[1]);
    const before = await echoStream(port, child.pid, 64);
    const after = await echoStream(port, child.pid, 1024);
    child.kill();
    await once(child, 'exit');
    expect(after - before).toBeLessThan(32);
  },
  TIMEOUT
);

test.each([
  ['', 1],
  ['', 2],
  ['stream', 3],
  ['stream', 4]
])(
  'random operations inside handlers, while peers lie and die (transport "%s", seed %d)',
  async (transport, seed) => {
    const child = spawn(process.execPath, [stress, '10', String(seed)], {
      env: { ...process.env, WSUV_TRANSPORT: transport },
      stdio: ['ignore', 'ignore', 'pipe']
    });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, errors }).toEqual({ code: 0, signal: null, errors: '' });
  },
  TIMEOUT
);
