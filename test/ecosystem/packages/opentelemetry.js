'use strict';

// OpenTelemetry's instrumentation of ws: the spans are those that it records of ws.

const assert = require('assert');

const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor
} = require('@opentelemetry/sdk-trace-base');
const { WSInstrumentation } = require('opentelemetry-instrumentation-ws');

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider();
provider.addSpanProcessor(new SimpleSpanProcessor(exporter));
provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [new WSInstrumentation({ sendSpans: true, messageEvents: true })]
});

const { once } = require('events');
const http = require('http');

const WebSocket = require('ws');

async function talk(isOnPort) {
  const web = http.createServer();
  const server = new WebSocket.Server({
    WebSocket,
    ...(isOnPort ? { port: 0, host: '127.0.0.1' } : { server: web })
  });
  if (!isOnPort) web.listen(0, '127.0.0.1');
  const over = [];
  server.on('connection', (socket) => {
    over.push(once(socket, 'close'));
    socket.on('message', (data) => socket.send(`echo ${data}`));
  });
  await once(server, 'listening');
  for (const closesServer of [false, true]) {
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/path`, undefined, {});
    await once(client, 'open');
    client.send('hello');
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

async function main() {
  for (const isOnPort of [true, false]) {
    exporter.reset();
    await talk(isOnPort);
    const spans = exporter.getFinishedSpans();
    const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    const counts = {};
    for (const { attributes, events, kind, name, parentSpanId } of spans) {
      const described = [
        name,
        ['internal', 'server', 'client'][kind],
        names.get(parentSpanId) ?? '',
        attributes['http.status_code'] ?? '',
        events.map((event) => event.name).join(' ')
      ].join();
      counts[described] = (counts[described] ?? 0) + 1;
    }
    assert.deepStrictEqual(counts, {
      'HTTP GET WS,server,WS connect,101,': 2,
      'WS close,client,,,': 6,
      'WS connect,client,,,': 2,
      'WS open,client,,,': 2,
      'WS open,server,WS upgrade,,': 2,
      'WS upgrade,server,HTTP GET WS,,': 2
    });
  }
}
main().then(() => console.log('done'));
