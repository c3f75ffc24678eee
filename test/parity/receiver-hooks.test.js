'use strict';

// What programs do with `ws._receiver`: it is the parser, and its listeners are what is done.

const { frame } = require('../helpers/frames');
const { expectNothingLeftOpen } = require('../helpers/open-sockets');
const { bye, converse, onEach, parity } = require('./parity');

expectNothingLeftOpen();

const text = (size) => frame('text', 'x'.repeat(size));

// Sends one thing after the other, each when the one before has been answered.
const inTurn =
  (...parts) =>
  async (raw) => {
    for (const part of parts) {
      const before = raw.received.length;
      await raw.send(part);
      await raw.until((bytes) => bytes.length > before);
    }
    if (!raw.received.includes(0x88)) {
      await raw.send(bye);
      await raw.until((bytes) => bytes.includes(0x88));
    }
  };

const conversing = (onConnection, client, options) => (lib) =>
  onEach((onHttp) => converse(lib, { options, onHttp, onConnection, client }));

describe('limits', () => {
  const answer = (ws) => ws.on('message', (data) => ws.send(`got ${data.length}`));
  parity(
    '_maxPayload is lowered before any message',
    conversing(
      (ws, log) => {
        log.push(ws._receiver._maxPayload);
        ws._receiver._maxPayload = 10;
        log.push(ws._receiver._maxPayload);
        answer(ws);
      },
      inTurn(text(10), text(11))
    )
  );
  parity(
    '_maxPayload is raised by a message',
    conversing(
      (ws) => {
        answer(ws);
        ws.once('message', () => (ws._receiver._maxPayload = 1000));
      },
      inTurn(text(10), text(1000), text(1001)),
      { maxPayload: 10 }
    )
  );
  parity(
    '_maxPayload is lowered by a message',
    conversing(
      (ws) => {
        answer(ws);
        ws.once('message', () => (ws._receiver._maxPayload = 5));
      },
      inTurn(text(10), text(5), text(6))
    )
  );
  parity(
    '_maxPayload is switched off',
    conversing(
      (ws) => {
        answer(ws);
        ws._receiver._maxPayload = 0;
      },
      inTurn(text(100_000)),
      { maxPayload: 10 }
    )
  );
  parity(
    '_skipUTF8Validation is switched on',
    conversing(
      (ws, log) => {
        log.push(ws._receiver._skipUTF8Validation);
        ws._receiver._skipUTF8Validation = true;
        answer(ws);
      },
      inTurn(frame('text', Buffer.from([0xff])))
    )
  );
  parity(
    '_maxFragments is lowered',
    conversing(
      (ws, log) => {
        log.push(ws._receiver._maxFragments);
        ws._receiver._maxFragments = 1;
        answer(ws);
      },
      inTurn(Buffer.concat([frame('text', 'a', { fin: false }), frame('continuation', 'b')]))
    )
  );
  parity(
    '_binaryType is set',
    conversing(
      (ws) => {
        ws._receiver._binaryType = 'arraybuffer';
        ws.on('message', (data) => ws.send(data));
      },
      inTurn(frame('binary', 'abc'))
    )
  );
});

describe('listeners', () => {
  parity(
    'are as many as under ws',
    conversing((ws, log) => {
      for (const event of ['conclude', 'error', 'message', 'ping', 'pong']) {
        log.push([event, ws._receiver.listenerCount(event)]);
      }
    }, inTurn())
  );
  parity(
    'for pings can be replaced',
    conversing(
      (ws, log) => {
        ws._receiver.removeAllListeners('ping');
        ws._receiver.on('ping', (data) => {
          log.push(['replaced', data.toString()]);
          ws.pong(`my ${data}`);
        });
      },
      inTurn(frame('ping', 'p'), frame('ping', 'q'))
    )
  );
  parity(
    'for messages can be replaced',
    conversing(
      (ws, log) => {
        ws._receiver.removeAllListeners('message');
        ws._receiver.on('message', (data, isBinary) => {
          log.push(['replaced', data.toString(), isBinary]);
          ws.send('answer');
        });
      },
      inTurn(frame('text', 'a'), frame('binary', 'b'))
    )
  );
  parity(
    'for close frames can be replaced',
    conversing((ws, log) => {
      ws._receiver.removeAllListeners('conclude');
      ws._receiver.on('conclude', (code, reason) => {
        log.push(['replaced', code, reason.toString()]);
        ws.close(4001, 'mine');
      });
    }, inTurn(bye))
  );
  parity(
    'are gone when the connection is',
    conversing((ws, log) => {
      const { _receiver: receiver } = ws;
      ws.on('close', () => log.push(receiver.listenerCount('message')));
    }, inTurn())
  );
  parity(
    'come in order, beside those of the WebSocket',
    conversing(
      (ws, log) => {
        for (const event of ['message', 'ping', 'pong']) {
          ws._receiver.on(event, (data) => log.push(['behind', event, data.toString()]));
          ws._receiver.prependListener(event, (data) =>
            log.push(['before', event, data.toString()])
          );
        }
      },
      inTurn(frame('ping', 'p'), Buffer.concat([frame('text', 'a'), frame('pong', 'q'), bye]))
    )
  );
  parity(
    'hear of errors',
    conversing(
      (ws, log) => {
        ws._receiver.on('error', (error) => log.push(['receiver', error.code]));
      },
      inTurn(frame(5, 'x'))
    )
  );
});
