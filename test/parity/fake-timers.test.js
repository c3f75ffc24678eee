'use strict';

// Programs that replace the timers: everything that Node's streams would do comes all the same, and
// what ws itself schedules waits as it does under ws.

const { execFile } = require('child_process');
const { once } = require('events');
const path = require('path');
const { promisify } = require('util');

const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { RawClient } = require('../helpers/raw-client');
const { bye, parity, plain, start } = require('./parity');

expectNothingLeftOpen();

const program = path.join(__dirname, '..', 'helpers', 'fake-timers-process.js');
const root = path.join(__dirname, '..', '..');

// The two ends of a connection are in one process: only the order of each is given.
function bySide(log) {
  const sides = {};
  for (const [what, ...args] of log) (sides[what.split(' ')[0]] ??= []).push([what, ...args]);
  return sides;
}

async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], {
    timeout: 60_000
  });
  return bySide(JSON.parse(stdout));
}

describe("sinon's", () => {
  const timers = 'setTimeout,clearTimeout,setInterval,setImmediate,clearImmediate,Date';
  for (const where of ['port', 'http']) {
    for (const when of ['before', 'after']) {
      test.each([
        ['timers', timers],
        ['timers and ticks', '']
      ])(`%s, ${when} the package is loaded, with a server on a ${where}`, async (_, toFake) => {
        const [expected, actual] = [
          await run('ws', toFake, when, where),
          await run(root, toFake, when, where)
        ];
        expect(actual).toEqual(expected);
        expect(actual['client:'].length).toBeGreaterThan(5);
      });
    }
  }
});

describe("Jest's", () => {
  afterEach(() => jest.useRealTimers());

  // Faked before the server is made. What is waited for comes from sockets.
  const conversing = (fake, options) => async (lib) => {
    const log = [];
    const note = (name) => (error) => log.push([name, plain(error)]);
    fake();
    const { server, port } = await start(lib, options);
    const closed = new Promise((resolve) => {
      server.on('connection', (ws) => {
        ws.send('hello', note('sent'));
        ws.ping('p', undefined, note('pinged'));
        ws.send(Buffer.alloc(6_000_000), note('sent much'));
        ws.on('message', (data) => log.push(data.toString()));
        ws.on('close', (code) => {
          log.push(code);
          ws.send('late', note('late'));
          resolve();
        });
      });
    });
    const client = new RawClient(port);
    await client.upgrade();
    await client.until((bytes) => bytes.length > 6_000_000);
    await client.send(bye);
    await client.closed;
    await closed;
    const isClosed = once(server, 'close');
    server.close();
    await isClosed;
    // What ws gives to the sandbox's process.nextTick().
    const before = log.length;
    jest.runAllTicks();
    return { log, before };
  };
  parity(
    'fake timers',
    conversing(() => jest.useFakeTimers())
  );
  parity(
    'fake timers, but not its ticks',
    conversing(() => jest.useFakeTimers({ doNotFake: ['nextTick'] }))
  );
  parity(
    'legacy fake timers',
    conversing(() => jest.useFakeTimers({ legacyFakeTimers: true }))
  );
  parity('fake timers, and a port that is taken', async (lib) => {
    jest.useFakeTimers();
    const { server, port } = await start(lib);
    const other = new lib.WebSocketServer({ port, host: '127.0.0.1' });
    const [error] = await once(other, 'error');
    const isClosed = once(server, 'close');
    server.close();
    await isClosed;
    return [error.code, error.syscall, error.address];
  });
});
