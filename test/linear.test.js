'use strict';

// What peers send is parsed in time that is proportional to its length. Times would say it badly:
// V8 counts how often each block of code runs, and twice the text may run them twice as often.
// (What one call of a built-in function does is not in these counts: test/lint/linear-regexp.js is
// about the slow ones.)

const { Session } = require('inspector');
const path = require('path');
const { setFlagsFromString } = require('v8');

const PerMessageDeflate = require('../lib/compat/permessage-deflate');
const extension = require('../lib/handshake/extension');
const { trim } = require('../lib/handshake/header-scanner');
const { UpgradeRequest, headerOf, urlOf } = require('../lib/handshake/request');
const subprotocol = require('../lib/handshake/subprotocol');

const lib = path.join(__dirname, '..', 'lib') + path.sep;
const session = new Session();

// With a session in the same thread, the answer comes before post() returns.
function post(method, params) {
  let answer;
  session.post(method, params, (error, result) => {
    if (error) throw new Error(error.message);
    answer = result;
  });
  return answer;
}

beforeAll(() => {
  // Of code that it compiles anew meanwhile, V8 loses counts; none is invented.
  for (const compiler of ['opt', 'maglev', 'sparkplug']) setFlagsFromString(`--no-${compiler}`);
  session.connect();
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
});

afterAll(() => {
  session.disconnect();
  // The tests behind this one can do without the others, which not each version has on.
  setFlagsFromString('--opt');
});

// How often the blocks of lib/ run while `action` does.
function stepsOf(action) {
  post('Profiler.takePreciseCoverage'); // Begins to count anew.
  action();
  const { result } = post('Profiler.takePreciseCoverage');
  let steps = 0;
  for (const { url, functions } of result) {
    if (!url.replace(/^file:\/\//, '').startsWith(lib)) continue;
    for (const { ranges } of functions) for (const { count } of ranges) steps += count;
  }
  return steps;
}

// What is to be read, `size` times as long.
const texts = {
  'white space before': (size) => ' '.repeat(size) + 'a',
  'white space behind': (size) => 'a' + ' '.repeat(size),
  'white space within': (size) => `a${' \t'.repeat(size)}a`,
  'a long token': (size) => 'a'.repeat(size),
  'many elements': (size) => Array.from({ length: size }, (_, i) => `a${i}`).join(', '),
  'many parameters': (size) => 'a' + '; b=c'.repeat(size),
  'many offers': (size) => 'permessage-deflate; x, '.repeat(size) + 'permessage-deflate',
  'offers that are right': (size) =>
    'permessage-deflate; server_max_window_bits=9, '.repeat(size) + 'permessage-deflate',
  'a long quoted string': (size) => `a; b="${'c'.repeat(size)}"`,
  'an open quoted string': (size) => `a; b="${'c'.repeat(size)}`,
  'many escapes': (size) => `a; b="${'\\c'.repeat(size)}"`,
  commas: (size) => ','.repeat(size),
  'commas behind a token': (size) => 'a' + ' ,'.repeat(size)
};

const headWith = (lines) => `GET /?${'q'.repeat(9)} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const heads = {
  ...Object.fromEntries(
    Object.entries(texts).map(([title, text]) => [
      `a header with ${title}`,
      (size) => headWith(`X: ${text(size)}\r\n`)
    ])
  ),
  'many headers': (size) => headWith('X-A:  b \r\n'.repeat(size)),
  'a long target': (size) => `GET /${'a'.repeat(size)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  'empty lines first': (size) => '\r\n'.repeat(size) + headWith('')
};

function accept(text) {
  const perMessageDeflate = new PerMessageDeflate({ isServer: true, serverMaxWindowBits: 8 });
  perMessageDeflate.accept(extension.parse(text)['permessage-deflate'] ?? []);
}

const parsers = {
  'subprotocol.parse': [subprotocol.parse, texts],
  'extension.parse': [extension.parse, texts],
  'PerMessageDeflate.accept': [accept, texts],
  trim: [trim, texts],
  'a request of a port': [(head) => new UpgradeRequest(0, head).headers, heads],
  headerOf: [(head) => headerOf(head, 'x'), heads],
  urlOf: [urlOf, heads]
};

const cases = Object.entries(parsers).flatMap(([name, [parse, inputs]]) =>
  Object.entries(inputs).map(([title, text]) => [name, title, parse, text])
);

// Whatever it says of the text.
function attempt(parse, text) {
  try {
    parse(text);
  } catch {
    // What is no header is refused.
  }
}

test.each(cases)('%s takes steps in proportion to %s', (name, title, parse, text) => {
  const [small, large] = [200, 400].map((size) => {
    const input = text(size);
    attempt(parse, input); // What is compiled or made at the first time is not counted.
    const counts = Array.from({ length: 5 }, () => stepsOf(() => attempt(parse, input)));
    return Math.max(...counts);
  });
  expect(small).toBeGreaterThan(0);
  expect(large).toBeLessThan(2.2 * small);
});
