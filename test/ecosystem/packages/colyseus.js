'use strict';

// A room whose state two clients see, and messages both ways.

const assert = require('assert');
const http = require('http');

const { Room, Server } = require('@colyseus/core');
const { MapSchema, Schema, defineTypes } = require('@colyseus/schema');
const { WebSocketTransport } = require('@colyseus/ws-transport');
const { Client } = require('colyseus.js');

class State extends Schema {
  constructor() {
    super();
    this.scores = new MapSchema();
  }
}
defineTypes(State, { scores: { map: 'number' } });

class Game extends Room {
  onCreate() {
    this.state = new State();
    this.patchRate = 20;
    this.onMessage('score', (client, value) => {
      this.state.scores.set(client.sessionId, value);
      this.broadcast('scored', value, { except: client });
    });
  }
}

async function main() {
  const server = new Server({
    greet: false,
    gracefullyShutdown: false,
    transport: new WebSocketTransport({ server: http.createServer() })
  });
  server.define('game', Game);
  await server.listen(0);
  const { port } = server.transport.server.address();
  const [one, two] = [0, 1].map(() => new Client(`ws://127.0.0.1:${port}`));
  const first = await one.joinOrCreate('game');
  const second = await two.joinOrCreate('game');
  assert.strictEqual(first.roomId, second.roomId);
  const scored = new Promise((resolve) => second.onMessage('scored', resolve));
  const seen = new Promise((resolve) => {
    second.onStateChange((state) => {
      if (state.scores?.get(first.sessionId) === 42) resolve();
    });
  });
  first.send('score', 42);
  assert.strictEqual(await scored, 42);
  await seen;
  await first.leave();
  await second.leave();
  await server.gracefullyShutdown(false);
}
main().then(() => {
  console.log('done');
  process.exit();
});
