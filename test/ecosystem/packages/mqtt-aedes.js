'use strict';

// MQTT over WebSocket: a broker behind createWebSocketStream, a client with a retained message.

const assert = require('assert');
const { once } = require('events');

const { Aedes } = require('aedes');
const mqtt = require('mqtt');
const { createWebSocketStream, WebSocketServer } = require('ws');

async function main() {
  const broker = await Aedes.createBroker();
  const server = new WebSocketServer({ port: 0, handleProtocols: () => 'mqtt' });
  server.on('connection', (ws, req) => broker.handle(createWebSocketStream(ws), req));
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${server.address().port}`;

  const publisher = await mqtt.connectAsync(url);
  const payload = Buffer.alloc(100_000, 'retained');
  await publisher.publishAsync('topic', payload, { qos: 1, retain: true });
  const subscriber = await mqtt.connectAsync(url);
  const arrived = once(subscriber, 'message');
  await subscriber.subscribeAsync('topic', { qos: 1 });
  const [topic, message] = await arrived;
  assert.strictEqual(topic, 'topic');
  assert.ok(payload.equals(message));

  await Promise.all([publisher.endAsync(), subscriber.endAsync()]);
  await new Promise((resolve) => broker.close(resolve));
  await new Promise((resolve) => server.close(resolve));
}
main().then(() => console.log('done'));
