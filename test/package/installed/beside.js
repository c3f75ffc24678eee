'use strict';

// What a program does that has wsuv as ws, beside packages that want ws: each gets wsuv, and does its
// job. The arguments are the packages.

const assert = require('assert');
const { once } = require('events');
const http = require('http');

const WebSocket = require('ws');

assert.equal(WebSocket.MyWebsocket?.name, 'MyWebsocket', 'ws is not wsuv');

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${server.address().port}`;
}

const jobs = {
  async jsdom() {
    const { JSDOM } = require('jsdom');
    const server = new WebSocket.Server({ port: 0 });
    server.on('connection', (ws, req) =>
      ws.on('message', (data) => ws.send(`${req.url}: ${data}`))
    );
    await once(server, 'listening');
    const { window } = new JSDOM('', { url: 'http://localhost' });
    const socket = new window.WebSocket(`ws://localhost:${server.address().port}/jsdom`);
    socket.onopen = () => socket.send('hello');
    const { data } = await new Promise((resolve) => (socket.onmessage = resolve));
    assert.equal(data, '/jsdom: hello');
    socket.close();
    await once(socket, 'close').catch(() => {});
    window.close();
    server.close();
  },

  async 'graphql-ws'() {
    const { GraphQLObjectType, GraphQLSchema, GraphQLString } = require('graphql');
    const { createClient } = require('graphql-ws');
    const { useServer } = require('graphql-ws/use/ws');
    const fields = { greeting: { type: GraphQLString, resolve: () => 'hello' } };
    const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) });
    const web = http.createServer();
    const server = new WebSocket.WebSocketServer({ server: web, path: '/graphql' });
    const stop = useServer({ schema }, server);
    const url = `ws://${await listen(web)}/graphql`;
    const client = createClient({ url, webSocketImpl: WebSocket });
    for await (const result of client.iterate({ query: '{ greeting }' })) {
      assert.equal(result.data.greeting, 'hello');
    }
    await client.dispose();
    await stop.dispose();
    web.close();
  },

  async 'socket.io'() {
    const { Server } = require('socket.io');
    const { io } = require('socket.io-client');
    const web = http.createServer();
    const server = new Server(web, { transports: ['websocket'] });
    server.on('connection', (socket) =>
      socket.on('greet', (name, reply) => reply(`hello ${name}`))
    );
    const socket = io(`http://${await listen(web)}`, { transports: ['websocket'] });
    assert.equal(await socket.emitWithAck('greet', 'you'), 'hello you');
    assert.equal(server.engine.ws.constructor.name, 'WebSocketServer');
    socket.close();
    await server.close();
  }
};

async function main(names) {
  for (const name of names) {
    const of = name === 'socket.io' ? require.resolve('engine.io', paths('socket.io')) : undefined;
    const from = of ?? require.resolve(name);
    const resolved = require(require.resolve('ws', { paths: [from] }));
    // Yarn's Plug and Play makes an instance for each set of peers (@types/node is an optional one).
    assert.equal(resolved.MyWebsocket?.name, 'MyWebsocket', `${name} has a ws of its own`);
    await jobs[name]();
  }
  console.log('done');
}

const paths = (name) => ({ paths: [require.resolve(name)] });

main(process.argv.slice(2)).then(() => process.exit());
