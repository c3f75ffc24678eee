'use strict';

// A server whose handlers of streams throw, wherever they can; what comes of it is printed.

const { once } = require('events');

const { WebSocketServer } = require('../..');
const { frame } = require('./frames');
const { RawClient } = require('./raw-client');

const thrown = [];
process.on('uncaughtException', (error) => thrown.push(error.message));

function fail(where) {
  throw new Error(where);
}

const server = new WebSocketServer({ port: 0, streamThreshold: 10 });

async function main() {
  await once(server, 'listening');
  const peer = new RawClient(server.address().port);
  const connected = once(server, 'connection');
  await peer.upgrade();
  const [ws] = await connected;
  const log = [];
  const streams = [
    () => fail('stream'),
    (stream) => stream.on('data', () => fail('data')),
    (stream) => stream.on('data', () => {}).on('end', () => fail('end')),
    (stream) => stream.on('data', () => {}).on('close', () => fail('close')),
    (stream) => stream.on('data', (chunk) => log.push(String(chunk)))
  ];
  ws.on('stream', (stream) => streams.shift()(stream));
  ws.on('message', (data) => {
    log.push(String(data));
    fail(`message ${data}`);
  });
  for (const name of ['one', 'two', 'three', 'four']) {
    const answered = once(ws, 'ping');
    await peer.send(
      frame('text', `begin ${name} `, { fin: false }),
      frame('continuation', 'and end'),
      frame('text', name),
      frame('ping')
    );
    await answered;
  }
  const last = once(ws, 'ping');
  await peer.send(frame('text', 'longer than the rest'), frame('ping'));
  await last;
  console.log(JSON.stringify({ log, thrown: thrown.sort() }));
  ws.terminate();
  server.close();
}

main();
