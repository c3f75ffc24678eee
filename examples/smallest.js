'use strict';

// The smallest server there is, text in, text out: `node examples/smallest.js`. PORT changes the port.

const { myWebsocket } = require('wsuv');

const server = myWebsocket({
  port: Number(process.env.PORT ?? 8080),
  callback(data, sendText) {
    sendText(`you said ${data}`);
  }
});

server.on('listening', () => {
  console.log(`listening at ws://localhost:${server.address().port}`);
});
