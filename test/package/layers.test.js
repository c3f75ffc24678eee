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
