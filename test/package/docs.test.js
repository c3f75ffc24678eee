'use strict';

// The table of errors in docs/api.md is that of the code, and the code in the README runs.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const native = require('../../lib/native/addon');

const root = path.join(__dirname, '..', '..');

test('docs/api.md lists the errors that there are', () => {
  const text = fs.readFileSync(path.join(root, 'docs', 'api.md'), 'utf8');
  const listed = [...text.matchAll(/`((?:WS_ERR|Z)_\w+)` *\| (\d+) *\| (\w+)/g)].map(
    ([, ...row]) => row
  );
  const rows = native
    .errors()
    .slice(1)
    .map(({ name, closeCode, isRangeError }) => [
      name,
      String(closeCode),
      isRangeError ? 'RangeError' : 'Error'
    ]);
  const unique = [...new Map(rows.map((row) => [row[0], row])).values()];
  expect(listed).toEqual(unique);
});

test('docs/ecosystem.md lists what is tested, with the versions', () => {
  const text = fs.readFileSync(path.join(root, 'docs', 'ecosystem.md'), 'utf8');
  const { dependencies } = require('../ecosystem/package.json');
  const rows = [...text.matchAll(/^\| ([\w.-]+) +\| ([^|]*@?[\w/.-]+ \d[^|]*) \|/gm)];
  const scripts = fs.readdirSync(path.join(root, 'test', 'ecosystem', 'packages'));
  expect(rows.map(([, script]) => script)).toEqual(scripts.map((file) => path.parse(file).name));
  for (const [, , packages] of rows) {
    for (const [, name, version] of packages.matchAll(/([\w@/.-]+) (\d[\w.]*)/g)) {
      expect([name, dependencies[name]]).toEqual([name, version]);
    }
  }
});

test.each(['README.md', 'docs/operations.md'])('every program in %s runs', (file) => {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const programs = [...text.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
  expect(programs.length).toBeGreaterThan(1);
  for (const program of programs) {
    // They serve until they are stopped: it is enough that they start, at any port, and still run.
    const code = `${program.replaceAll('8080', '0')}\nsetTimeout(() => process.exit(0), 300);`;
    execFileSync(process.execPath, ['-e', code], { cwd: root, timeout: 20000 });
  }
});
