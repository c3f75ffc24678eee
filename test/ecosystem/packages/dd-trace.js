'use strict';

// Datadog's tracer, which patches the classes of ws by the paths of their files: the spans are those
// that it records of ws.

process.env.DD_TRACE_WEBSOCKET_MESSAGES_ENABLED = 'true';
process.env.DD_TRACE_STARTUP_LOGS = 'false';
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';

const tracer = require('dd-trace').init();
const spans = [];
// In place of the agent's.
tracer._tracer._processor._exporter = { export: (trace) => spans.push(...trace), flush() {} };

const assert = require('assert');
const { once } = require('events');
const http = require('http');

const { WebSocket, WebSocketServer } = require('ws');

async function talk(isOnPort) {
  const web = http.createServer();
  const server = new WebSocketServer(isOnPort ? { port: 0, host: '127.0.0.1' } : { server: web });
  if (!isOnPort) web.listen(0, '127.0.0.1');
  const over = [];
  server.on('connection', (socket) => {
    over.push(once(socket, 'close'));
    socket.on('message', (data) => socket.send(`echo ${data}`));
  });
  await once(server, 'listening');
  for (const closesServer of [false, true]) {
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/path?a=1`);
    await once(client, 'open');
    client.send('hello');
    await once(client, 'message');
    client.send(Buffer.from('bytes'));
    await once(client, 'message');
    const closed = once(client, 'close');
    if (closesServer) [...server.clients].at(-1).close(1001, 'going');
    else client.close(1000, 'bye');
    await closed;
    await over.at(-1);
  }
  await new Promise((resolve) => server.close(resolve));
  web.close();
}

function describe({ name, resource, meta, metrics }) {
  return [
    name,
    resource,
    meta['span.kind'],
    meta['http.status_code'] ?? meta['websocket.message.type'] ?? meta['websocket.close.reason'],
    metrics['websocket.message.length'] ?? metrics['websocket.close.code']
  ].join();
}

async function main() {
  for (const isOnPort of [true, false]) {
    spans.length = 0;
    await talk(isOnPort);
    // A trace is exported when its last span has ended.
    while (spans.filter(({ name }) => name === 'web.request').length < 2) {
      await new Promise(setImmediate);
    }
    const counts = {};
    for (const span of spans) {
      if (!/^(web|websocket)\./.test(span.name)) continue;
      const described = describe(span);
      counts[described] = (counts[described] ?? 0) + 1;
    }
    assert.deepStrictEqual(counts, {
      'web.request,GET /path,server,101,': 2,
      'websocket.receive,websocket /path,consumer,text,5': 2,
      'websocket.receive,websocket /path,consumer,binary,5': 2,
      'websocket.send,websocket /path,producer,text,10': 4,
      'websocket.close,websocket /path,consumer,bye,1000': 1,
      'websocket.close,websocket /path,producer,going,1001': 2
    });
  }
}
main().then(() => {
  console.log('done');
  process.exit();
});
