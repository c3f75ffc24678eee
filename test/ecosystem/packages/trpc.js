'use strict';

// A query, a mutation and a subscription through the ws adapter.

const assert = require('assert');
const { once } = require('events');

const { createTRPCClient, createWSClient, wsLink } = require('@trpc/client');
const { initTRPC } = require('@trpc/server');
const { applyWSSHandler } = require('@trpc/server/adapters/ws');
const { WebSocket, WebSocketServer } = require('ws');

async function main() {
  const t = initTRPC.create();
  let value = 0;
  const router = t.router({
    get: t.procedure.query(() => value),
    set: t.procedure.input((input) => Number(input)).mutation(({ input }) => (value = input)),
    count: t.procedure.subscription(async function* count() {
      for (let i = 0; i < 3; i++) yield i;
    })
  });
  const server = new WebSocketServer({ port: 0 });
  const handler = applyWSSHandler({ wss: server, router });
  await once(server, 'listening');
  const socket = createWSClient({ url: `ws://127.0.0.1:${server.address().port}`, WebSocket });
  const client = createTRPCClient({ links: [wsLink({ client: socket })] });

  assert.strictEqual(await client.get.query(), 0);
  assert.strictEqual(await client.set.mutate(7), 7);
  assert.strictEqual(await client.get.query(), 7);
  const seen = [];
  await new Promise((resolve, reject) => {
    client.count.subscribe(undefined, {
      onData: (i) => seen.push(i),
      onComplete: resolve,
      onError: reject
    });
  });
  assert.deepStrictEqual(seen, [0, 1, 2]);

  handler.broadcastReconnectNotification();
  await socket.close();
  await new Promise((resolve) => server.close(resolve));
}
main().then(() => console.log('done'));
