'use strict';

// docs/architecture.md says which layer may include what; this holds it.

const fs = require('fs');
const path = require('path');

const src = path.join(__dirname, '..', '..', 'src');
const listed = Object.values(
  JSON.parse(fs.readFileSync(path.join(src, 'sources.gypi'), 'utf8')).variables
).flat();

const allowed = {
  protocol: [/^protocol\//, /^zlib\.h$/],
  transport: [/^protocol\//, /^transport\//, /^uv\.h$/],
  // version.h is written by src/version.js.
  binding: [
    /^protocol\//,
    /^transport\//,
    /^binding\//,
    /^napi\.h$/,
    /^node_api\.h$/,
    /^version\.h$/
  ]
};
// The operating system, for what libuv has no function for; and the processor.
const systemHeaders = {
  'protocol/utf8_vector.cc': ['tmmintrin.h'],
  'transport/descriptor.cc': ['errno.h', 'fcntl.h', 'sys/socket.h', 'sys/un.h', 'unistd.h'],
  'transport/half_close.cc': ['errno.h', 'sys/socket.h'],
  'transport/heap_trimmer.cc': ['malloc.h'],
  'transport/pages.cc': ['sys/mman.h'],
  'transport/listener.cc': ['netinet/in.h', 'netinet/tcp.h', 'sys/socket.h', 'sys/un.h']
};

for (const layer of Object.keys(allowed)) {
  const files = fs.readdirSync(path.join(src, layer));

  test.each(files)(`${layer}/%s includes only what its layer may`, (file) => {
    const text = fs.readFileSync(path.join(src, layer, file), 'utf8');
    for (const [, quote, name] of text.matchAll(/^#include (["<])([^">]+)[">]/gm)) {
      const isStandard = quote === '<' && /^[a-z0-9_]+$/.test(name);
      const isSystem = (systemHeaders[`${layer}/${file}`] ?? []).includes(name);
      const isAllowed = allowed[layer].some((pattern) => pattern.test(name));
      expect([name, isStandard || isSystem || isAllowed]).toEqual([name, true]);
    }
  });

  test(`every source of ${layer} is in the one list`, () => {
    const sources = files
      .filter((file) => file.endsWith('.cc'))
      .map((file) => `src/${layer}/${file}`);
    expect(listed.filter((file) => file.startsWith(`src/${layer}/`))).toEqual(sources.sort());
  });
}

// lib/ has floors: a file needs files of its own floor, and of those below.
const lib = path.join(__dirname, '..', '..', 'lib');
const FLOORS = [
  ['index.js', 'browser.js'],
  ['smallest-server.js', 'nodejs-websocket/'],
  ['my-websocket.js'],
  ['websocket-server.js', 'stream.js'],
  // The classes of ws, at its paths, and what only they have.
  [
    'websocket.js',
    'sender.js',
    'receiver.js',
    'ending.js',
    'rare-state.js',
    'messages/',
    'event-target.js',
    'listeners.js',
    'compat/'
  ],
  // What two sides agree on is made by an object that users see.
  ['handshake/', 'compat/permessage-deflate.js', 'compat/limiter.js', 'native/listener.js'],
  ['link/'],
  ['sending/'],
  ['native/'],
  [
    'errors.js',
    'flat-queue.js',
    'lazy.js',
    'validation.js',
    'constants.js',
    'events.js',
    'symbols.js',
    'binary-type.js',
    'connection-flags.js'
  ]
];

// A file's own line goes before its folder's.
function floorOf(file) {
  const own = FLOORS.findIndex((names) => names.includes(file));
  return own >= 0 ? own : FLOORS.findIndex((names) => names.includes(`${path.dirname(file)}/`));
}

const libFiles = fs
  .readdirSync(lib, { recursive: true })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => file.endsWith('.js'));

test.each(libFiles)('lib/%s needs no floor above its own', (file) => {
  expect([file, floorOf(file) >= 0]).toEqual([file, true]);
  const text = fs.readFileSync(path.join(lib, file), 'utf8');
  for (const [, name] of text.matchAll(/require\('(\.[^']*)'\)/g)) {
    const needed = path.posix.join(path.posix.dirname(file), name);
    if (needed.endsWith('.json') || needed.startsWith('..')) continue; // Data.
    const floor = floorOf(`${needed.replace(/\.js$/, '')}.js`);
    expect([needed, floor >= floorOf(file)]).toEqual([needed, true]);
  }
});
