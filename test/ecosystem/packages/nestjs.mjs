// A gateway on the ws adapter: messages, answers, and a path set by the adapter.

import 'reflect-metadata';

import assert from 'node:assert';
import { once } from 'node:events';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import WebSocket from 'ws';

class Gateway {
  handleConnection(client) {
    client.send('welcome');
  }

  onEcho(client, data) {
    return { event: 'echo', data };
  }
}
const method = Object.getOwnPropertyDescriptor(Gateway.prototype, 'onEcho');
SubscribeMessage('echo')(Gateway.prototype, 'onEcho', method);
WebSocketGateway({ path: '/gateway' })(Gateway);
class AppModule {}
Module({ providers: [Gateway] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(0);
const { port } = app.getHttpServer().address();
const client = new WebSocket(`ws://127.0.0.1:${port}/gateway`);
const [welcome] = await once(client, 'message');
assert.strictEqual(String(welcome), 'welcome');
client.send(JSON.stringify({ event: 'echo', data: [1, 2] }));
const [answer] = await once(client, 'message');
assert.deepStrictEqual(JSON.parse(answer), { event: 'echo', data: [1, 2] });
const closed = once(client, 'close');
client.close();
await closed;
await app.close();
console.log('done');
