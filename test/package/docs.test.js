'use strict';

// What the documents say is so: every program in them runs, every figure is that of one file, and
// every list is that of the code.

const { once } = require('events');
const fs = require('fs');
const path = require('path');

const semver = require('semver');

const { figure, linesOf } = require('../../bench/figures');
const { inWords } = require('../../bench/ratio');
const native = require('../../lib/native/addon');
const { WebSocketServer } = require('../..');
const { documents, programsOf, start, textOf } = require('../helpers/documents');
const { RawClient } = require('../helpers/raw-client');

const root = path.join(__dirname, '..', '..');

// A data frame with an opcode that does not exist: an 'error' wherever it arrives.
const WRONG_FRAME = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);

const programs = documents().flatMap(programsOf);
const finite = programs.filter(({ prints }) => prints.length > 0);
const endless = programs.filter(({ prints }) => prints.length === 0);
const isServer = ({ code }) => /Server\(|new MyWebsocket\(|= myWebsocket\(/.test(code);

const running = [];

function run(...args) {
  const child = start(...args);
  running.push(child);
  return child;
}

afterEach(async () => {
  for (const child of running.splice(0)) {
    const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
    child.kill('SIGKILL');
    await exit;
  }
});

describe('programs that end', () => {
  const both = finite.flatMap((program) =>
    program.isOurs ? [[program, 'wsuv']] : ['wsuv', 'ws'].map((library) => [program, library])
  );
  test.each(both.map(([program, library]) => [program.title, library, program]))(
    '%s prints what it says, with %s',
    async (title, library, program) => {
      const child = run(program, { library });
      const [code] = await once(child, 'close');
      expect({ code, errors: child.errors }).toEqual({ code: 0, errors: '' });
      expect(child.output.trimEnd().split('\n').sort()).toEqual([...program.prints].sort());
    }
  );
});

describe('programs that serve', () => {
  test.each(endless.filter(isServer).map((program) => [program.title, program]))(
    '%s goes on when a peer breaks the protocol',
    async (title, program) => {
      const name = /\bweb\.listen\(/.test(program.code) ? 'web' : 'server';
      const append = `;(function tell() {
        const address = ${name}.address();
        if (address === null) setImmediate(tell);
        else process.send(address.port);
      })();`;
      const child = run(program, { append });
      const [port] = await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(() => Promise.reject(new Error(child.errors)))
      ]);
      const [, pathname] = /'(\/[a-z]+)'/.exec(program.code) ?? ['', '/'];
      // It is still there for a second one.
      for (let i = 0; i < 2; i++) {
        const peer = new RawClient(port);
        const head = await peer.upgrade({}, { path: pathname });
        expect(head).toMatch(/^HTTP\/1.1 101 /);
        await peer.send(WRONG_FRAME);
        await peer.closed;
      }
      expect(child.errors).not.toMatch(/Uncaught|Unhandled/);
    }
  );

  test.each(endless.filter((program) => !isServer(program)).map((one) => [one.title, one]))(
    '%s goes on when its server breaks the protocol',
    async (title, program) => {
      const server = new WebSocketServer({ port: 0 });
      await once(server, 'listening');
      const child = run(program, { port: server.address().port });
      const exit = once(child, 'exit').then(() => Promise.reject(new Error(child.errors)));
      exit.catch(() => {});
      const [ws] = await Promise.race([once(server, 'connection'), exit]);
      // Not masked, as a server's frames are, and of no kind that exists.
      ws._socket.write(Buffer.from([0x83, 0]));
      await Promise.race([once(ws, 'close'), exit]);
      // It comes back, or at least has not died of it.
      if (child.exitCode !== null) expect(child.exitCode).toBe(0);
      expect(child.errors).not.toMatch(/Uncaught|Unhandled/);
      const stopped = new Promise((resolve) => server.close(resolve));
      child.kill('SIGKILL');
      for (const client of server.clients) client.terminate();
      await stopped;
    }
  );

  test('every program that gets connections listens for their errors', () => {
    const deaf = programs.filter(
      ({ code }) =>
        /new WebSocket\(|WebSocketServer\(/.test(code) &&
        !/'error'|onerror|'wsClientError'/.test(code)
    );
    expect(deaf.map(({ title }) => title)).toEqual([]);
  });
});

test('JSON in the documents is JSON', () => {
  for (const document of documents()) {
    for (const [, json] of textOf(document).matchAll(/^```json\n([^]*?)^```$/gm)) JSON.parse(json);
  }
});

test('links in the documents lead somewhere', () => {
  const lost = [];
  for (const document of documents()) {
    const text = textOf(document).replace(/^```[^]*?^```$/gm, '');
    for (const [, link] of text.matchAll(/(?:\]\(|src="|srcset=")([^)"\s]+)/g)) {
      if (/^\w+:/.test(link)) continue;
      const [file, anchor] = link.split('#');
      const target = file === '' ? document : path.join(path.dirname(document), file);
      if (!fs.existsSync(path.join(root, target))) lost.push([document, link]);
      else if (anchor !== undefined && !anchorsOf(target).includes(anchor)) {
        lost.push([document, link]);
      }
    }
  }
  expect(lost).toEqual([]);
});

// The names that GitHub gives to headings.
function anchorsOf(document) {
  return [...textOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  );
}

/** The rows of all tables of a text: an array of cells each. */
function rowsOf(text) {
  return [...text.matchAll(/^\| (.*) \|$/gm)].map(([, row]) =>
    row.split(' | ').map((cell) => cell.trim())
  );
}

describe('figures', () => {
  const { groups } = JSON.parse(fs.readFileSync(path.join(root, 'docs', 'figures.json')));
  const linesIn = ({ rows, compared }) =>
    rows.flatMap((row) =>
      linesOf(row, compared).map((line) => ({
        ...line,
        readme: row.readme,
        words: inWords(row.toWs[line.key])
      }))
    );
  const all = Object.values(groups).flatMap(linesIn);

  test.each(Object.keys(groups))('docs/performance.md has those of %s', (name) => {
    const rows = rowsOf(textOf('docs/performance.md'));
    for (const { title, values, words } of linesIn(groups[name])) {
      const cells = Object.values(values).map(figure);
      const found = rows.filter((row) => row[0] === title && row[1] === cells[0]);
      expect(found).toHaveLength(1);
      expect(found[0].slice(1).filter(Boolean)).toEqual([...cells, words]);
    }
  });

  test('the README has some of them', () => {
    const rows = rowsOf(textOf('README.md')).filter((cells) => cells.length === 4);
    const shown = rows.filter(([, ws]) => /^[\d.,]+$/.test(ws));
    const expected = all
      .filter(({ readme }) => readme !== undefined)
      .map(({ readme, values, words }) => [readme, figure(values.ws), figure(values.wsuv), words]);
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.sort()).toEqual(expected.sort());
  });

  test('sentences agree with them', () => {
    const ratios = all.map(({ words }) => words);
    const bytes = linesIn(groups.memory).flatMap(({ values }) => Object.values(values).map(figure));
    for (const document of ['README.md', 'docs/operations.md', 'docs/architecture.md']) {
      const text = textOf(document).replaceAll(/\s+/g, ' ');
      for (const [phrase] of text.matchAll(/\b[\d.]+ times (?:less|as much)\b/g)) {
        expect([document, ratios]).toEqual([document, expect.arrayContaining([phrase])]);
      }
      for (const [, number] of text.matchAll(/\b(\d{1,3},\d{3}) bytes of memory\b/g)) {
        expect([document, bytes]).toEqual([document, expect.arrayContaining([number])]);
      }
    }
  });

  test('the charts show them', () => {
    for (const [name, group] of Object.entries(groups)) {
      for (const theme of ['light', 'dark']) {
        const file = path.join(root, 'docs', 'charts', `${name}-${theme}.svg`);
        const svg = fs.readFileSync(file, 'utf8');
        for (const { values, words } of linesIn(group)) {
          const label = `wsuv ${figure(values.wsuv)}  (${words})`;
          expect([file, svg]).toEqual([file, expect.stringContaining(label)]);
        }
      }
    }
  });
});

test('docs/versions.md names the versions that are tested', () => {
  const text = textOf('docs/versions.md');
  const ws = require('ws/package.json').version;
  expect(text).toMatch(new RegExp(`^\\| ws +\\| ${ws}:`, 'm'));
  expect(textOf('docs/compatibility.md')).toContain(`The measure is ws ${ws}.`);
  const list = require('../../lib/native/tested-versions.json').node;
  const words = `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`;
  expect(text).toMatch(new RegExp(`^\\| Node.js +\\| ${words}:`, 'm'));
  const { engines, version } = require('../../package.json');
  const readme = textOf('README.md');
  for (const [, range] of readme.matchAll(/npm:wsuv@([^\s"]+)/g)) {
    expect(semver.satisfies(version, range)).toBe(true);
  }
  expect(semver.satisfies(version, '^8.23.0')).toBe(true);
  expect(engines.node).toBe(`>=${list[0]}`);
  expect(readme).toContain(`Node.js ${list[0]} or later`);
  const types = require('@types/ws/package.json').version.split('.').slice(0, 2).join('.');
  expect(text).toContain(`@types/ws ${types}:`);
});

test.each([
  ['lib/websocket-server.js', 'docs/api/websocket-server.md'],
  ['lib/websocket.js', 'docs/api/websocket.md']
])('every option of %s is in %s', (file, document) => {
  const code = fs.readFileSync(path.join(root, file), 'utf8');
  const options = [...code.matchAll(/@param \{.*\} \[?options\.(\w+)/g)].map(([, name]) => name);
  expect(options.length).toBeGreaterThan(10);
  const text = textOf(document);
  expect(options.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('docs/architecture.md finds each room where it says', () => {
  const [, rooms] = /^## Rooms$([^]*?)^## /m.exec(textOf('docs/architecture.md'));
  const lost = [];
  for (const [, floor, section] of rooms.matchAll(/^### (\S+):.*$([^]*?)(?=^### |(?![^]))/gm)) {
    for (const [, cell] of section.matchAll(/^\| (`[^|]*)\|/gm)) {
      const [, folder, list] = /^(?:`([\w-]+)\/`: )?(.*)$/.exec(cell);
      const place = path.join(root, floor, folder ?? '');
      const files = fs.readdirSync(place);
      for (const [, name] of list.matchAll(/`([^`]+)`/g)) {
        const isThere = files.some((file) =>
          name.endsWith('*')
            ? file.startsWith(name.slice(0, -1))
            : file === name || path.parse(file).name === name
        );
        if (!isThere) lost.push(path.join(floor, folder ?? '', name));
      }
    }
  }
  expect(rooms.match(/^### /gm)).toHaveLength(4);
  expect(lost).toEqual([]);
});

test('docs/architecture.md has a room for each file', () => {
  const [, rooms] = /^## Rooms$([^]*?)^## /m.exec(textOf('docs/architecture.md'));
  const listed = [...rooms.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  const isListed = (name) =>
    listed.some((each) =>
      each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name
    );
  for (const floor of ['src/protocol', 'src/transport', 'src/binding', 'lib']) {
    const files = fs.readdirSync(path.join(root, floor), { recursive: true });
    const names = files.filter((file) => /\.(cc|h|js)$/.test(file)).map((f) => path.parse(f).name);
    expect(names.length).toBeGreaterThan(10);
    expect([floor, ...names.filter((name) => !isListed(name))]).toEqual([floor]);
  }
});

test('docs/compatibility.md gives a reason for each difference', () => {
  const rows = rowsOf(textOf('docs/compatibility.md'));
  expect(rows.length).toBeGreaterThan(10);
  for (const cells of rows) {
    expect(cells).toHaveLength(3);
    for (const cell of cells) expect(cell).not.toBe('');
  }
});

test('docs/api/errors.md lists the errors that there are', () => {
  const text = textOf('docs/api/errors.md');
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
  const text = textOf('docs/ecosystem.md');
  const { dependencies } = require('../ecosystem/package.json');
  const rows = [...text.matchAll(/^\| ([\w.-]+) +\| ([^|]*@?[\w/.-]+ \d[^|]*) \|/gm)];
  const scripts = fs.readdirSync(path.join(root, 'test', 'ecosystem', 'packages'));
  expect(rows.map(([, script]) => script)).toEqual(scripts.map((file) => path.parse(file).name));
  for (const [, , packages] of rows) {
    for (const [, name, version] of packages.matchAll(/([\w@/.-]+) (\d[\w.]*)/g)) {
      expect([name, dependencies[name]]).toEqual([name, version]);
    }
  }
  const suites = fs.readFileSync(path.join(root, 'test', 'ecosystem', 'suites.js'), 'utf8');
  const [, list] = /^const suites = \{$([^]*?)^\};$/m.exec(suites);
  const [, tested] = /^## Their own tests$([^]*?)^## /m.exec(text);
  const names = [...list.matchAll(/^ {2}'?([\w@/-]+)'?: \{/gm)].map(([, name]) => name);
  expect([...tested.matchAll(/^\| (\S+) \d\S+ +\|/gm)].map(([, name]) => name)).toEqual(names);
});
