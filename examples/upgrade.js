'use strict';

// A MyWebsocket for each connection, beside the pages of an HTTP server: `node examples/upgrade.js`.
// PORT changes the port.

const http = require('http');
const { MyWebsocket } = require('wsuv');

const web = http.createServer((req, res) => res.end('a page\n'));

web.on('upgrade', (req, socket, head) => {
  const connection = new MyWebsocket(req, socket, head);
  connection.on('data', (data) => connection.send(data));
});

web.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening at ws://localhost:${web.address().port}`);
});
