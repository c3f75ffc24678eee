'use strict';

// Next to an Express application, on the same port: `node examples/express.js` (needs express).

const express = require('express');
const { WebSocketServer } = require('wsuv');

const app = express();
app.get('/', (req, res) => res.send('The WebSocket is at /ws'));

const web = app.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening at http://localhost:${web.address().port}`);
});

const server = new WebSocketServer({ server: web, path: '/ws' });
server.on('connection', (ws, req) => {
  ws.on('error', console.error);
  ws.on('message', (data) => ws.send(`${req.socket.remoteAddress} said ${data}`));
});
