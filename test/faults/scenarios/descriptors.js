'use strict';

// A process that has no descriptors left: every path that needs one must go on, and recover.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const http = require('http');

const { exhaust } = require('../../helpers/descriptors');
const { clientProcess } = require('../../helpers/line-process');
const { openSite, turns, until } = require('../../helpers/sites');

/**
 * Clients come while `left` descriptors are free. What has become of them is one thing; the server has
 * to serve those that come when there are descriptors again, and must not spin meanwhile.
 */
exports.serverWithout = async ({ lib, site, left }) => {
  const wss = await openSite(lib, site);
  wss.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data) => ws.send(data));
  });
  wss.on('error', () => {});
  wss.on('wsClientError', () => {});
  const clients = clientProcess();
  const { lines } = clients;
  const secure = site === 'tls' ? ' secure' : '';
  // One that was there before must not notice anything.
  clients.tell(`keep ${wss.port}${secure}`);
  await until(() => lines.includes('kept'));
  await turns(20);
  const giveBack = exhaust(left);
  const during = 4;
  clients.tell(`connect ${wss.port} ${during}${secure}`);
  await until(() => lines.includes(`connected ${during}`));
  const { loopCount } = performance.nodeTiming.uvMetricsInfo;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const spun = performance.nodeTiming.uvMetricsInfo.loopCount - loopCount;
  clients.tell('say');
  await until(() => lines.includes('said: hello'));
  giveBack();
  // Those whose upgrade was answered are served.
  clients.tell('ask');
  await until(() => lines.some((line) => line.startsWith('asked')));
  clients.tell(`later ${wss.port}${secure}`);
  await until(() => lines.some((line) => line.startsWith('later')));
  clients.tell('end');
  await until(() => lines.includes('ended'));
  await until(() => wss.clients.size === 0);
  clients.end();
  return {
    spun: spun > 2000,
    asked: lines.find((line) => line.startsWith('asked')),
    later: lines.find((line) => line.startsWith('later')),
    descriptors: fs.readdirSync('/proc/self/fd').length < 60
  };
};

/** A client that connects while `left` descriptors are free, and one that does when there are more. */
exports.clientWithout = async ({ lib, left }) => {
  const child = spawn(process.execPath, [require.resolve('../../helpers/echo-process')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  });
  const [port] = await once(child, 'message');
  const connect = () =>
    new Promise((resolve) => {
      const ws = new lib.WebSocket(`ws://127.0.0.1:${port}`);
      ws.on('open', () => ws.send('hello'));
      ws.on('message', (data) => {
        resolve(String(data));
        ws.close();
      });
      ws.on('error', (error) => resolve(error.code ?? error.message));
      ws.on('close', (code) => resolve(`close ${code}`));
    });
  // What is loaded late needs a descriptor, too.
  await connect();
  const giveBack = exhaust(left);
  const during = await connect();
  giveBack();
  const later = await connect();
  child.disconnect();
  return { during, later };
};

/** handleUpgrade() of a server of the program's own, without a descriptor. */
exports.upgradeWithout = async ({ lib }) => {
  const wss = new lib.WebSocketServer({ noServer: true });
  let giveBack;
  const web = http.createServer().listen(0, '127.0.0.1');
  await once(web, 'listening');
  const got = [];
  let isExhausted = true;
  web.on('upgrade', (req, socket, head) => {
    if (isExhausted) giveBack = exhaust(0);
    isExhausted = false;
    wss.handleUpgrade(req, socket, head, (ws) => {
      ws.on('message', (data) => {
        got.push(String(data));
        ws.send(data);
      });
      ws.on('close', (code) => got.push(code));
    });
  });
  const clients = clientProcess();
  const { lines } = clients;
  clients.tell(`keep ${web.address().port}`);
  await until(() => lines.includes('kept'));
  clients.tell('say');
  await until(() => lines.includes('said: hello'));
  giveBack();
  clients.tell(`later ${web.address().port}`);
  await until(() => lines.includes('later: hello'));
  clients.tell('end');
  await until(() => lines.includes('ended') && got.length >= 4);
  clients.end();
  return got.sort();
};
