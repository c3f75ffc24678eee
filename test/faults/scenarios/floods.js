'use strict';

// Peers that send as fast as they can. What is counted is what one turn of the event loop does, since
// everybody else waits for its end.

const { fork } = require('child_process');

const { frame } = require('../../helpers/frames');
const { burst, headersOf } = require('../../helpers/flooder');
const { clientProcess } = require('../../helpers/line-process');
const { openSite, turns, until, visit } = require('../../helpers/sites');

const FLOODER = require.resolve('../../helpers/flooder');

// Counts turns of the event loop from now on.
function countTurns() {
  const counter = { turn: 0 };
  const next = () => {
    counter.turn++;
    setImmediate(next);
  };
  setImmediate(next);
  return counter;
}

// A server that counts what it gets of each peer, in all and at most in a turn.
async function countingSite(lib, site, counter, options) {
  const wss = await openSite(lib, site, { autoPong: false, ...options });
  const counts = {
    events: 0,
    bytes: 0,
    eventsInTurn: 0,
    bytesInTurn: 0,
    mostEvents: 0,
    mostBytes: 0
  };
  let turn = -1;
  const count = (data) => {
    if (counter.turn !== turn) {
      turn = counter.turn;
      counts.eventsInTurn = counts.bytesInTurn = 0;
    }
    counts.events++;
    counts.bytes += data.length;
    counts.mostEvents = Math.max(counts.mostEvents, ++counts.eventsInTurn);
    counts.mostBytes = Math.max(counts.mostBytes, (counts.bytesInTurn += data.length));
  };
  wss.on('connection', (ws, req) => {
    ws.on('error', () => {});
    if (req.url === '/neighbour') return;
    ws.on('message', count);
    ws.on('ping', count);
    ws.on('pong', count);
  });
  return { wss, counts };
}

/** What arrives of one peer in one turn, that has sent all that the kernel takes. */
exports.workOfOneTurn = async ({ lib, site, kind }) => {
  const counter = countTurns();
  const { wss, counts } = await countingSite(lib, site, counter, { perMessageDeflate: true });
  const client = await visit(wss, '/', headersOf(kind));
  await turns(20);
  client.socket.write(burst(kind, 1024 * 1024));
  const wanted = { bomb: 100, smallBomb: 1000, large: 5, fragments: 1500 }[kind] ?? 20000;
  await until(() => counts.events >= wanted);
  return { mostEvents: counts.mostEvents, mostBytes: counts.mostBytes };
};

/** Many peers do so at once. */
exports.workOfOneTurnOfMany = async ({ lib, site }) => {
  const counter = countTurns();
  const { wss, counts } = await countingSite(lib, site, counter);
  const clients = [];
  for (let i = 0; i < 100; i++) clients.push(await visit(wss));
  await turns(20);
  const chunk = burst('message', 60000);
  for (const client of clients) client.socket.write(chunk);
  await until(() => counts.events >= 100 * 8000);
  return { mostEvents: counts.mostEvents };
};

/** How much of a flood is delivered before a neighbour's message that was sent behind it. */
exports.neighbour = async ({ lib, site, kind }) => {
  const counter = countTurns();
  const { wss, counts } = await countingSite(lib, site, counter, { perMessageDeflate: true });
  const client = await visit(wss, '/', headersOf(kind));
  const neighbour = await visit(wss, '/neighbour');
  let before;
  wss.clients.forEach((ws) =>
    ws.on('message', (data) => {
      if (String(data) === 'neighbour') before = { events: counts.events, bytes: counts.bytes };
    })
  );
  await turns(20);
  client.socket.write(burst(kind, 1024 * 1024));
  neighbour.socket.write(frame('text', 'neighbour'));
  await until(() => before !== undefined);
  return before;
};

/** What is still delivered of a peer that was terminated in its first message. */
exports.afterTerminate = async ({ lib, site, kind }) => {
  const wss = await openSite(lib, site, { autoPong: false, perMessageDeflate: true });
  let after = -1;
  let closed = false;
  wss.on('connection', (ws) => {
    const hear = () => {
      if (after++ < 0) ws.terminate();
    };
    ws.on('error', () => {});
    ws.on('message', hear);
    ws.on('ping', hear);
    ws.on('pong', hear);
    ws.on('close', () => (closed = true));
  });
  const client = await visit(wss, '/', headersOf(kind));
  await turns(20);
  client.socket.write(burst(kind, 1024 * 1024));
  await until(() => closed);
  await turns(20);
  return after;
};

// Lets a process flood the server, and resolves when it has been heard.
async function flood(wss, site, kind, counts) {
  const child = fork(FLOODER, [String(wss.port), kind, site === 'tls' ? 'secure' : ''], {
    execArgv: []
  });
  await until(() => counts.events > 0);
  return child;
}

/** What of a flood is delivered until others have connected. */
exports.connectDuringFlood = async ({ lib, site, kind }) => {
  const counter = countTurns();
  const { wss, counts } = await countingSite(lib, site, counter, { perMessageDeflate: true });
  const child = await flood(wss, site, kind, counts);
  const clients = clientProcess();
  clients.tell('version');
  await until(() => clients.lines.length === 1);
  const before = { ...counts };
  clients.tell(`visit ${wss.port} 10`);
  await until(() => clients.lines.includes('visited'), 60000);
  const result = { events: counts.events - before.events, bytes: counts.bytes - before.bytes };
  clients.end();
  child.kill();
  return result;
};

/** The most memory that a flood takes, whose handlers do some work. */
exports.memoryOfFlood = async ({ lib, site, kind, count }) => {
  const counter = countTurns();
  const { wss, counts } = await countingSite(lib, site, counter, { perMessageDeflate: true });
  global.gc();
  const before = process.memoryUsage().rss;
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 1);
  const child = await flood(wss, site, kind, counts);
  await until(() => counts.events > count, 60000);
  clearInterval(timer);
  child.kill();
  most = Math.max(most, process.resourceUsage().maxRSS * 1024);
  return Math.round((most - before) / 1048576);
};
