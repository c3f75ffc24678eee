'use strict';

// What peers and networks do wrong, and what becomes of it: under ws, on a port of this package's own and
// on an HTTP server. The outcomes are those of ws but where DIFFERENCES says so. The table is printed; it
// is in docs/testing.md, too.

const { TIMEOUT, resultOf } = require('../helpers/scenario');
const { NAMES } = require('./scenarios/suite');

const file = require.resolve('./scenarios/suite');

// Where this package does something else, as docs/compatibility.md says.
const DIFFERENCES = {};

function suffer(implementation, name, site) {
  return resultOf(file, 'suffer', implementation, { args: { name, site }, descriptors: 400 });
}

const rows = [];

test.each(NAMES)(
  '%s',
  async (name) => {
    const results = [
      await suffer('ws', name, 'http'),
      await suffer('wsuv', name, 'port'),
      await suffer('wsuv', name, 'http')
    ];
    const [byWs, onPort, onHttp] = results.map(({ outcome }) => outcome);
    rows.push([name, byWs, onPort, onHttp]);
    for (const { served } of results) expect(served).toEqual([true, true]);
    expect({ onPort, onHttp }).toEqual({ onPort: byWs, onHttp: byWs, ...DIFFERENCES[name] });
  },
  3 * TIMEOUT
);

afterAll(() => {
  const table = [['fault', 'ws', 'wsuv on a port', 'wsuv on an HTTP server'], ...rows];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...table.map((row) => row[i].length)));
  const lines = table.map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  );
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  process.stdout.write(`${lines.join('\n')}\n`);
});
