'use strict';

// Who gets what: each scenario lets several connections do something in one poll of the event loop.

const { once } = require('events');
const net = require('net');

const { parseFrames, frame } = require('../../helpers/frames');
const { openSite, turns, until, upgradeRequest, visit } = require('../../helpers/sites');

// Servers on several sites that write down what each of their WebSockets emits.
async function recordingSites(lib, sites, onMessage, options) {
  const log = [];
  const sockets = {};
  const servers = {};
  for (const site of new Set(sites)) {
    servers[site] = await openSite(lib, site, options);
    servers[site].on('connection', (ws, req) => {
      sockets[req.url] = ws;
      log.push(`open of ${req.url}`);
      ws.on('error', () => {});
      ws.on('close', () => log.push(`close of ${req.url}`));
      ws.on('message', (data) => {
        log.push(`${data} on ${req.url}`);
        onMessage(String(data), sockets);
      });
    });
  }
  return { log, servers, sockets };
}

/** A handler of A terminates or pauses B, which has sent messages behind A's in the same poll. */
exports.handlerActsOnAnother = async ({ lib, siteOfA, siteOfB, action }) => {
  const { log, servers, sockets } = await recordingSites(lib, [siteOfA, siteOfB], (text, all) => {
    if (text === 'go') all['/B'][action]();
  });
  const b = await visit(servers[siteOfB], '/B');
  const a = await visit(servers[siteOfA], '/A');
  await until(() => sockets['/A'] && sockets['/B']);
  await turns(20);
  log.length = 0;
  a.socket.write(frame('text', 'go'));
  b.socket.write(Buffer.concat([frame('text', '1'), frame('text', '2')]));
  await until(() => log.includes('go on /A'));
  await turns(20);
  if (action === 'pause') {
    log.push('resume');
    sockets['/B'].resume();
    await until(() => log.includes('2 on /B'));
  } else {
    await until(() => log.includes('close of /B'));
    await turns(20);
  }
  return log;
};

/**
 * B's message comes, then a handler of A terminates B, then C connects: all in one poll. C may be
 * given what was B's.
 */
exports.closeBehindMessage = async ({ lib, siteOfA, siteOfB }) => {
  const { log, servers, sockets } = await recordingSites(lib, [siteOfA, siteOfB], (text, all) => {
    if (text === 'from A') all['/B'].terminate();
  });
  const b = await visit(servers[siteOfB], '/B');
  const a = await visit(servers[siteOfA], '/A');
  const c = await servers[siteOfB].connect().connected();
  await until(() => sockets['/A'] && sockets['/B']);
  if (siteOfB === 'tls') await once(c.socket, 'secureConnect');
  await turns(20);
  b.socket.write(frame('text', 'from B'));
  a.socket.write(frame('text', 'from A'));
  c.socket.write(upgradeRequest({}, { path: '/C' }) + '');
  c.socket.write(frame('text', 'from C'));
  await until(() => log.includes('from C on /C') && log.includes('close of /B'));
  await turns(20);
  return log;
};

// Resets a connection from within a poll of the event loop, behind `before` and before the loop
// polls again: the poll is a full one (1,024 events), after which libuv polls for what has come
// since, before anything is delivered.
async function resetWithinPoll(lib, log, what) {
  const wss = await openSite(lib, 'port', { handshakeTimeout: 0 });
  const sockets = [];
  wss.on('connection', (ws) => {
    sockets.push(ws);
    log.push('connection');
    ws.on('error', () => {});
    ws.on('message', (data) => log.push(`message ${data}`));
    ws.on('close', (code) => log.push(`close ${code} ${ws.readyState}`));
  });
  const trigger = net.createServer().listen(0, '127.0.0.1');
  await once(trigger, 'listening');
  const pull = net.connect(trigger.address().port, '127.0.0.1');
  const [pulled] = await once(trigger, 'connection');
  const heads = [];
  for (let i = 0; i < 1100; i++) {
    const client = await wss.connect().connected();
    await new Promise((resolve) => client.socket.write('GET /', resolve));
    heads.push(client);
  }
  const client = await wss.connect().connected();
  await turns(20);
  pulled.on('data', () => client.socket.resetAndDestroy());
  client.socket.write(what);
  pull.write('now');
  for (const head of heads) head.socket.write('a');
  await turns(20);
  await client.closed;
  return { wss, heads, sockets };
}

/** An upgrade and the end of its connection in one poll. */
exports.upgradeAndEndInOnePoll = async ({ lib }) => {
  const log = [];
  const { wss, heads, sockets } = await resetWithinPoll(
    lib,
    log,
    upgradeRequest() + frame('text', 'x').toString('latin1')
  );
  await turns(200);
  const zombie = sockets[0];
  const state = { clients: wss.clients.size, readyState: zombie?.readyState };
  const heard = log.slice();
  // Its place is used again by others, who are nobody's but their own.
  for (const head of heads) head.socket.destroy();
  const strangers = [];
  if (zombie !== undefined) {
    for (let i = 0; i < 1200; i++) {
      const client = await visit(wss);
      zombie.send('for the one who has gone', () => {});
      zombie.ping(() => {});
      if (i % 100 === 0 || client.received.length > 0) await turns(4);
      if (client.received.length > 0) strangers.push(client.received.toString('latin1'));
      client.socket.destroy();
    }
  }
  return { heard, state, strangers };
};

/**
 * allowSynchronousEvents: false. A's messages wait for their turns; A has gone, others have come in
 * its place, and A's handlers still answer it.
 */
exports.deferredEventsOfOneWhoHasGone = async ({ lib }) => {
  const wss = await openSite(lib, 'port', { allowSynchronousEvents: false });
  let answers = 0;
  wss.on('connection', (ws, req) => {
    ws.on('error', () => {});
    if (req.url !== '/A') return;
    ws.on('message', () => {
      answers++;
      ws.send('private answer to A', () => {});
      ws.ping('A', undefined, () => {});
    });
  });
  const a = await visit(wss, '/A');
  await a.send(Buffer.concat(Array(30000).fill(frame('text', 'A'))));
  a.socket.resetAndDestroy();
  const strangers = [];
  for (let i = 0; i < 1200; i++) {
    const client = await visit(wss, '/other');
    if (client.received.length > 0) {
      strangers.push(...parseFrames(client.received).frames.map((f) => f.payload.toString()));
    }
    client.socket.resetAndDestroy();
    await client.closed;
  }
  return { hasAnswered: answers > 0, strangers };
};

/**
 * allowSynchronousEvents: false. A connection has been reset, its messages still wait for their turns, and
 * the handler of one of them destroys its socket.
 */
exports.deferredEventsOfDestroyedSocket = async ({ lib, site }) => {
  const wss = await openSite(lib, site, { allowSynchronousEvents: false });
  const log = [];
  let messages = 0;
  wss.on('connection', (ws) => {
    const { _socket: socket } = ws;
    ws.on('error', () => {});
    ws.on('close', (code) => log.push(`close ${code}`));
    ws.on('message', () => {
      if (++messages === 20) socket.destroy();
    });
  });
  const client = await visit(wss);
  await turns(20);
  client.socket.write(Buffer.concat(Array(40).fill(frame('text', 'x'))));
  await turns(3);
  if (site === 'tls') client.socket.destroy();
  else client.socket.resetAndDestroy();
  await until(() => messages === 40);
  await turns(20);
  return { log, clients: wss.clients.size };
};

/**
 * Many connections are paused in the poll in which they have sent much, and are over while all of it waits.
 * All of it is emitted, in order.
 */
exports.endOfPaused = async ({ lib, site }) => {
  const wss = await openSite(lib, site, { closeTimeout: 300 });
  const numbers = new Map();
  let open = 0;
  wss.on('connection', (ws, req) => {
    open++;
    ws.on('error', () => {});
    ws.on('close', () => open--);
    if (req.url === '/A') {
      ws.on('message', () => wss.clients.forEach((other) => other !== ws && other.pause()));
      return;
    }
    numbers.set(ws, []);
    ws.on('message', (data) => numbers.get(ws).push(parseInt(data)));
  });
  const clients = [];
  for (let i = 0; i < 40; i++) clients.push(await visit(wss, '/B'));
  const a = await visit(wss, '/A');
  await until(() => open === 41);
  await turns(20);
  a.socket.write(frame('text', 'pause'));
  const bytes = Buffer.concat(Array.from({ length: 200 }, (_, i) => frame('text', `${i}`)));
  for (const client of clients) client.socket.write(bytes);
  await turns(20);
  numbers.forEach((_, ws) => ws.close(1000));
  await until(() => open === 1);
  await turns(20);
  return [...numbers.values()].map((list) =>
    list.every((number, i) => number === i) ? list.length : 'gap'
  );
};

/**
 * A request that was refused is kept, and asked for its socket when its connection is long over: so long
 * that the addon gives the same handle to another one.
 */
exports.keptRequest = async ({ lib }) => {
  let kept;
  const verifyClient = ({ req }) => {
    if (req.url === '/kept') kept = req;
    return req.url === '/accepted';
  };
  const wss = await openSite(lib, 'port', { verifyClient });
  await (
    await visit(wss, '/kept')
  ).closed;
  for (let i = 0; i < 2047; i++) await (await visit(wss, '/refused')).closed;
  const log = [];
  wss.on('connection', (ws) => {
    ws.on('message', (data) => log.push(String(data)));
    ws.on('close', () => log.push('close'));
  });
  const client = await visit(wss, '/accepted');
  const { destroyed, remotePort } = kept.socket;
  await turns(20);
  client.socket.write(frame('text', 'still here'));
  await until(() => log.length > 0);
  return { destroyed, remotePort, log };
};
