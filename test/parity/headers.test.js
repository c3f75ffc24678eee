'use strict';

// The parsers of header values, on what is right and on what is made of its pieces at random.

const { attempt, parity } = require('./parity');

function randomNumbers(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
}

function randomHeaders(pieces, count) {
  const random = randomNumbers(42);
  return Array.from({ length: count }, () =>
    Array.from({ length: random(9) + 1 }, () => pieces[random(pieces.length)]).join('')
  );
}

parity('subprotocol.parse()', async (lib) => {
  const headers = [
    'a',
    'a,b',
    ' a',
    'a ',
    'a , b',
    '',
    ',',
    'a,',
    'a b',
    'a\tb',
    'a, \t b',
    'a,a',
    'é'
  ];
  const random = randomHeaders(['a', 'b', 'c1', ',', ',', ' ', '\t', '"', 'é'], 3000);
  return [...headers, ...random].map((header) => {
    const { returned, thrown } = attempt(() => [...lib.subprotocol.parse(header)].join());
    return [header, returned, thrown?.name, thrown?.message];
  });
});

parity('extension.parse()', async (lib) => {
  const headers = [
    'foo',
    'foo; bar',
    'foo;bar=1;baz="2", foo; x',
    'permessage-deflate; client_max_window_bits; server_max_window_bits=10',
    'foo; bar="b\\a\\r"',
    'foo; bar=""',
    'foo; bar="a b"',
    '',
    ',',
    'foo;',
    'foo,',
    'foo; bar=',
    'foo; =1',
    'foo bar',
    'foo="1"',
    ' foo',
    'foo ',
    'foo ; bar = 1',
    'foo; bar = 1',
    '__proto__; __proto__=1'
  ];
  const pieces = [
    'foo',
    'bar',
    ';',
    ';',
    ',',
    '=',
    '"',
    '\\',
    ' ',
    '\t',
    '1',
    '"baz"',
    '; a="b"',
    '; a=b'
  ];
  return [...headers, ...randomHeaders(pieces, 20000)].map((header) => {
    const { returned, thrown } = attempt(() => JSON.stringify(lib.extension.parse(header)));
    return [header, returned, thrown?.name, thrown?.message];
  });
});

parity('extension.format()', async (lib) =>
  [
    {},
    { foo: {} },
    { foo: { bar: true } },
    { foo: [{ bar: [true, '1'], baz: 2 }, {}], other: { a: 'b' } }
  ].map((extensions) => lib.extension.format(extensions))
);
