'use strict';

// Packs the package, installs the file in an empty folder elsewhere, and uses it there:
// `npm run test:package`.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wsuv-install-'));
const npm = (args, cwd) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const program = `
const assert = require('assert');
const { WebSocketServer, WebSocket } = require('wsuv');
const server = new WebSocketServer({ port: 0 }, () => {
  const client = new WebSocket('ws://localhost:' + server.address().port);
  client.on('open', () => client.send('hello'));
  client.on('message', (data) => {
    assert.equal(data.toString(), 'hello');
    client.close();
    server.close(() => console.log('echoed'));
  });
});
server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
`;

// What the build prints stands before npm's answer.
const packed = npm(['pack', '--json', '--pack-destination', folder], root);
const [{ filename, files }] = JSON.parse(packed.slice(packed.search(/^\[/m)));
const unwanted = files
  .map(({ path: name }) => name)
  .filter((name) => /^(test|bench|examples|docs|build|\.ci)\//.test(name));
if (unwanted.length > 0) throw new Error(`The package holds ${unwanted.join(', ')}`);

fs.writeFileSync(path.join(folder, 'package.json'), '{ "name": "user", "private": true }\n');
npm(['install', '--no-audit', '--no-fund', path.join(folder, filename)], folder);
fs.writeFileSync(path.join(folder, 'program.js'), program);
fs.writeFileSync(
  path.join(folder, 'module.mjs'),
  "import WebSocket, { WebSocketServer } from 'wsuv';\nif (WebSocket.Server !== WebSocketServer) process.exit(1);\n"
);
const output = execFileSync(process.execPath, ['program.js'], { cwd: folder, encoding: 'utf8' });
if (output.trim() !== 'echoed') throw new Error(`The installed package said: ${output}`);
execFileSync(process.execPath, ['module.mjs'], { cwd: folder });

// The override that existing programs use.
const override = path.join(folder, 'override');
fs.mkdirSync(override);
fs.writeFileSync(
  path.join(override, 'package.json'),
  JSON.stringify({
    name: 'override',
    private: true,
    dependencies: { ws: `file:${path.join(folder, filename)}` }
  })
);
npm(['install', '--no-audit', '--no-fund'], override);
const replaced = execFileSync(process.execPath, ['-p', "require('ws').MyWebsocket.name"], {
  cwd: override,
  encoding: 'utf8'
});
if (replaced.trim() !== 'MyWebsocket') throw new Error('The package does not install as ws');

// Where nothing can be built and no script runs, on every Node.js that there is: it is enough to have
// unpacked the file.
const empty = path.join(folder, 'empty');
fs.mkdirSync(empty);
fs.writeFileSync(path.join(empty, 'package.json'), '{ "name": "user", "private": true }\n');
npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', path.join(folder, filename)], empty);
fs.writeFileSync(path.join(empty, 'program.js'), program);
const nodes = path.join(root, 'build', 'nodes');
const others = fs.existsSync(nodes)
  ? fs
      .readdirSync(nodes)
      .map((version) =>
        path.join(nodes, version, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
      )
      .filter((file) => fs.existsSync(file))
  : [];
for (const node of [process.execPath, ...others]) {
  const options = { cwd: empty, encoding: 'utf8', env: { PATH: empty, HOME: empty } };
  const said = execFileSync(node, ['program.js'], options);
  if (said.trim() !== 'echoed') throw new Error(`Without scripts, ${node} said: ${said}`);
}

fs.rmSync(folder, { recursive: true });
console.log(
  `${filename}: installed elsewhere, required, imported, echoed, installed as ws, and without ` +
    `scripts on ${others.length + 1} versions of Node.js`
);
