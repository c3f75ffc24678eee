'use strict';

// Socket.IO on wsuv, in place of the ws that it brings along: `node examples/socket.io.js` (needs
// socket.io). A package that offers no such option is told by "overrides"; see the README.

const { Server } = require('socket.io');
const { WebSocketServer } = require('wsuv');

const port = Number(process.env.PORT ?? 8080);
const io = new Server(port, { wsEngine: WebSocketServer, transports: ['websocket'] });

io.on('connection', (socket) => {
  socket.join('everybody');
  socket.on('say', (text, acknowledge) => {
    io.to('everybody').emit('said', text);
    acknowledge(text.length);
  });
});

io.httpServer.on('listening', () => {
  console.log(`listening at http://localhost:${io.httpServer.address().port}`);
});
