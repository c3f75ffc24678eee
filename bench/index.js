'use strict';

// Measures wsuv against ws, in turn, each server alone on a core:
//
//   npm run bench -- [GROUP] [--quick] [--runs N] [--seconds S] [--json FILE]
//   npm run bench -- echo --connections 100 --in-flight 32 --size 20 [--text] [--on http]
//
// Groups: echo (a server on its own port), transports (on an HTTP server, over TLS, as a client),
// compression, fan-out (one message to 1,000 connections) and memory (of idle connections).

const fs = require('fs');
const os = require('os');
const { parseArgs } = require('util');

const { buildGenerator, measureEcho, measureMemory, medians } = require('./run_echo');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: 'string' },
    'in-flight': { type: 'string' },
    on: { type: 'string' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    size: { type: 'string' },
    text: { type: 'boolean', default: false }
  }
});

const compressed = (size, inFlight, compression) => ({
  connections: 50,
  inFlight,
  size,
  compression,
  kind: 'text'
});
const withoutTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true };
const fanOut = (size, inFlight, compression) => ({
  connections: 1000,
  inFlight,
  size,
  compression,
  kind: 'fan-out'
});
const GROUPS = {
  echo: [
    { connections: 100, inFlight: 1, size: 20 },
    { connections: 100, inFlight: 32, size: 20 },
    { connections: 50, inFlight: 8, size: 1024 },
    { connections: 50, inFlight: 8, size: 16 * 1024 },
    { connections: 50, inFlight: 1, size: 256 * 1024 }
  ],
  transports: [
    { connections: 100, inFlight: 1, size: 20, on: 'http' },
    { connections: 100, inFlight: 32, size: 20, on: 'http' },
    { connections: 100, inFlight: 1, size: 20, on: 'https' },
    { connections: 100, inFlight: 32, size: 20, on: 'https' },
    { connections: 100, inFlight: 1, size: 20, ofClient: true },
    { connections: 100, inFlight: 32, size: 20, ofClient: true }
  ],
  compression: [
    ...[256, 1024, 16 * 1024, 1024 * 1024].flatMap((size) => [
      compressed(size, 1, true),
      compressed(size, 8, true)
    ]),
    compressed(1024, 8, withoutTakeover)
  ],
  'fan-out': [
    fanOut(100, 1, false),
    fanOut(100, 8, false),
    fanOut(1024, 1, false),
    fanOut(1024, 1, { shared: true, serverNoContextTakeover: true, threshold: 0 })
  ],
  memory: [
    { connections: 10000 },
    { connections: 10000, on: 'http' },
    { connections: 5000, messages: 1, compression: true },
    { connections: 5000, messages: 1, compression: withoutTakeover }
  ]
};

function chosenLoads(group) {
  if (options.size === undefined && options['in-flight'] === undefined) return GROUPS[group];
  return [
    {
      on: options.on,
      connections: Number(options.connections ?? 100),
      inFlight: Number(options['in-flight'] ?? 1),
      size: Number(options.size ?? 20)
    }
  ];
}

function row(cells) {
  const widths = [6, 12, 12, 9, 9, 9, 9];
  return cells.map((cell, i) => String(cell).padStart(widths[i])).join(' ');
}

function titleOf(load) {
  const { compression, connections, inFlight, kind, ofClient, on = 'port', size } = load;
  const where = ofClient ? ', the client' : on === 'port' ? '' : `, on ${on}`;
  const how = compression ? `, compressed (${JSON.stringify(compression)})` : '';
  if (kind === 'fan-out') {
    return `${size} bytes to ${connections} connections${how}, ${inFlight} in flight`;
  }
  return (
    `echo of ${size} bytes (${kind})${where}${how}, ${connections} connections, ` +
    `${inFlight} in flight`
  );
}

async function echo(group) {
  buildGenerator();
  const runs = Number(options.runs ?? (options.quick ? 1 : 5));
  const seconds = Number(options.seconds ?? (options.quick ? 1 : 3));
  const results = [];
  for (const shape of chosenLoads(group)) {
    const load = { kind: options.text ? 'text' : 'binary', ...shape, warmUp: 1, seconds };
    console.log(`\n${titleOf(load)}; median of ${runs}`);
    console.log(row(['', 'messages/s', 'CPU us/msg', 'p50 us', 'p90 us', 'p99 us', 'p99.9 us']));
    const measured = { ws: [], wsuv: [] };
    for (let i = 0; i < runs; i++) {
      for (const name of Object.keys(measured)) measured[name].push(await measureEcho(name, load));
    }
    const summary = {};
    for (const name of Object.keys(measured)) {
      const figures = (summary[name] = medians(measured[name]));
      console.log(
        row([
          name,
          Math.round(figures.rate),
          figures.cpu.toFixed(3),
          ...['p50', 'p90', 'p99', 'p999'].map((key) =>
            figures[key] === undefined ? '' : Math.round(figures[key])
          )
        ])
      );
    }
    const ratio = summary.ws.cpu / summary.wsuv.cpu;
    console.log(`wsuv costs 1/${ratio.toFixed(2)} of ws a message`);
    results.push({ load, ...summary, ratio });
  }
  return results;
}

async function memory() {
  const runs = Number(options.runs ?? (options.quick ? 1 : 3));
  const results = [];
  for (const shape of GROUPS.memory) {
    const load = options.quick ? { ...shape, connections: 1000 } : shape;
    const { compression = false, connections, messages = 0, on = 'port' } = load;
    console.log(
      `\nresident bytes of an idle connection, ${connections} connections on ${on}, ` +
        `compression ${JSON.stringify(compression)}, ${messages} messages before; ` +
        `median of ${runs}`
    );
    const measured = { ws: [], wsuv: [] };
    for (let i = 0; i < runs; i++) {
      for (const name of Object.keys(measured)) {
        measured[name].push(await measureMemory(name, load));
      }
    }
    const summary = {};
    for (const name of Object.keys(measured)) {
      summary[name] = medians(measured[name]);
      console.log(row([name, Math.round(summary[name].bytes)]));
    }
    const ratio = summary.ws.bytes / summary.wsuv.bytes;
    console.log(`wsuv costs 1/${ratio.toFixed(2)} of ws a connection`);
    results.push({ load, ...summary, ratio });
  }
  return results;
}

async function main() {
  const [what = 'echo'] = positionals;
  if (GROUPS[what] === undefined) {
    throw new Error(`There is no benchmark "${what}"; there are: ${Object.keys(GROUPS)}`);
  }
  console.log(
    `${os.cpus()[0].model}, ${os.cpus().length} cores, Node.js ${process.version}, ` +
      `ws ${require('ws/package.json').version}`
  );
  const results = what === 'memory' ? await memory() : await echo(what);
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
