'use strict';

// A subscription and a query over graphql-transport-ws.

const assert = require('assert');
const { once } = require('events');

const { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } = require('graphql');
const { createClient } = require('graphql-ws');
const { useServer } = require('graphql-ws/use/ws');
const { WebSocket, WebSocketServer } = require('ws');

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { hello: { type: GraphQLString, resolve: () => 'world' } }
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: {
        type: GraphQLInt,
        async *subscribe() {
          for (let i = 0; i < 3; i++) yield { count: i };
        }
      }
    }
  })
});

async function main() {
  const server = new WebSocketServer({ port: 0, path: '/graphql' });
  const disposable = useServer({ schema }, server);
  await once(server, 'listening');
  const client = createClient({
    url: `ws://127.0.0.1:${server.address().port}/graphql`,
    webSocketImpl: WebSocket
  });
  const collect = async (query) => {
    const results = [];
    for await (const { data } of client.iterate({ query })) results.push(data);
    return JSON.parse(JSON.stringify(results));
  };
  assert.deepStrictEqual(await collect('{ hello }'), [{ hello: 'world' }]);
  assert.deepStrictEqual(
    await collect('subscription { count }'),
    [0, 1, 2].map((count) => ({ count }))
  );
  await client.dispose();
  await disposable.dispose();
}
main().then(() => console.log('done'));
