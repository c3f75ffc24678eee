'use strict';

// What anybody says goes to everybody: `node examples/my-websocket.js`. PORT changes the port.

const { MyWebsocket } = require('wsuv');

const server = new MyWebsocket({ port: Number(process.env.PORT ?? 8080) });

server.on('listening', () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});
server.on('data', (data) => server.send(data));
server.on('close', (code, reason) => console.log('one left', code, reason));
