'use strict';

// What programs, peers and the machine do wrong with MyWebsocket, myWebsocket() and
// wsuv/nodejs-websocket.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');

const { TIMEOUT, rightUnder } = require('../helpers/scenario');

const file = require.resolve('./scenarios/own-servers');
const stress = path.join(__dirname, '..', 'stress', 'own-servers.js');
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
