'use strict';

const { inspect } = require('util');

const { frame } = require('../helpers/frames');
const { label } = require('./labels');

// How often handlers do what.
const WEIGHTS = {
  nothing: 60,
  send: 60,
  sendMany: 4,
  fragments: 4,
  blob: 2,
  ping: 4,
  pong: 2,
  another: 12,
  pause: 3,
  resume: 4,
  amount: 3,
  keep: 6,
  transfer: 3,
  detachMany: 1,
  later: 4,
  feed: 1,
  close: 1,
  terminate: 1,
  destroy: 1,
  end: 1,
  reset: 1,
  throws: 2,
  gc: 0.2,
  connect: 3,
  closeServer: 0.05,
  binaryType: 2,
  look: 3,
  request: 2,
  tap: 1,
  untap: 2,
  rawWrite: 2,
  sendStream: 3,
  writeStream: 3,
  abortStream: 0.3,
  iterate: 1
};

/** What ws does not have. */
const OURS = ['sendStream', 'writeStream', 'abortStream', 'iterate'];

const without = (process.env.STRESS_WITHOUT || '').split(',');
if (process.env.STRESS_IMPLEMENTATION) without.push(...OURS);
for (const name of without) delete WEIGHTS[name];

function ignore() {}

/** What handlers throw on purpose. */
class Intended extends Error {}

/** What random handlers do to their own and to other WebSockets. */
class Operations {
  #random;
  #world;
  #depth = 0;
  #kept = [];

  /**
   * @param {Random} random
   * @param {Object} world
   * @param {function(): (Object|undefined)} world.any some connection that there is
   * @param {function()} world.connect makes another client
   * @param {function()} world.closeServer closes a server, and opens it again
   * @param {function(Number)} world.taint what a connection emits may be empty from now on
   * @param {function(String)} world.fault
   */
  constructor(random, world) {
    this.#random = random;
    this.#world = world;
  }

  /**
   * Does something to a connection, from within a handler or not.
   *
   * @param {{ws: WebSocket, req: http.IncomingMessage=, id: Number, sent: Number, reader: Reader, done: String[]}} connection
   * @param {Buffer} [data] the message that is being handled
   */
  act(connection, data) {
    if (this.#depth > 4) return;
    this.#depth++;
    try {
      const what = this.#random.weighted(WEIGHTS);
      connection.done.push(what);
      this.#act(what, connection, data);
    } finally {
      this.#depth--;
    }
  }

  #act(what, connection, data) {
    const { ws, id, reader, req } = connection;
    const random = this.#random;
    const isOpen = ws.readyState === 1;
    switch (what) {
      case 'send':
        if (isOpen) this.#send(connection);
        break;
      case 'sendMany':
        for (let i = random.below(40); i > 0 && ws.readyState === 1; i--) this.#send(connection);
        break;
      case 'fragments':
        if (isOpen) {
          const text = label('s', id, connection.sent++, random.below(3000));
          const at = random.below(text.length);
          ws.send(text.slice(0, at), { fin: false });
          ws.send(text.slice(at), { fin: true });
        }
        break;
      case 'blob':
        if (isOpen)
          ws.send(new Blob([label('s', id, connection.sent++, random.below(3000))]), () => {});
        break;
      case 'ping':
      case 'pong':
        if (isOpen) ws[what](label('s', id, 0, random.below(60)), undefined, () => {});
        break;
      case 'another': {
        const other = this.#world.any();
        if (other !== undefined) this.act(other);
        break;
      }
      case 'pause':
        ws.pause();
        setTimeout(() => ws.resume(), random.below(50));
        break;
      case 'resume':
        ws.resume();
        break;
      case 'amount':
        this.#checkAmount(connection);
        break;
      case 'keep':
        if (Buffer.isBuffer(data) && data.length < 1000) {
          this.#kept.push({ id, data, text: data.toString('latin1') });
          if (this.#kept.length > 200) this.checkKept();
        }
        break;
      case 'transfer':
        // What else was read of this connection goes with it, as under ws; nothing of others.
        if (Buffer.isBuffer(data) && data.length > 0) this.#transfer(id, data);
        break;
      case 'detachMany':
        for (const kept of this.#kept.splice(0, 5)) {
          if (kept.data.length > 0) this.#transfer(kept.id, kept.data);
        }
        break;
      case 'later':
        random.of([setImmediate, process.nextTick, queueMicrotask])(() => this.act(connection));
        break;
      case 'feed':
        if (isOpen) {
          reader.isTainted = true;
          const bytes = frame('text', label('f', id, 0, random.below(200)), {
            masked: ws._isServer
          });
          ws._receiver.write(bytes);
        }
        break;
      case 'close':
        ws.close(random.of([undefined, 1000, 4000]), label('s', id, 0, random.below(60)));
        break;
      case 'terminate':
        ws.terminate();
        break;
      case 'destroy':
        ws._socket?.destroy();
        break;
      case 'end':
        ws._socket?.end();
        break;
      case 'reset':
        try {
          ws._socket?.resetAndDestroy?.();
        } catch (error) {
          // Only TCP has one.
          if (error.code !== 'ERR_INVALID_HANDLE_TYPE') throw error;
        }
        break;
      case 'throws':
        throw new Intended('as intended');
      case 'gc':
        global.gc?.();
        break;
      case 'connect':
        this.#world.connect();
        break;
      case 'closeServer':
        this.#world.closeServer();
        break;
      case 'binaryType':
        ws.binaryType = random.of(['nodebuffer', 'nodebuffer', 'arraybuffer', 'fragments', 'blob']);
        break;
      case 'sendStream':
        if (isOpen) {
          const parts = this.#pieces(label('t', id, connection.sent, random.size()));
          ws.sendStream(later(parts, random), { compress: random.oneIn(2) }).catch(() => {});
        }
        break;
      case 'writeStream':
      case 'abortStream':
        if (isOpen) this.#write(connection, what === 'abortStream');
        break;
      case 'iterate':
        this.#iterate(connection);
        break;
      case 'request':
        // Its socket may be made by that, or be gone.
        void [req?.headers.host, req?.socket?.remotePort, random.oneIn(3) && inspect(req)];
        break;
      case 'tap':
        ws._socket?.on('data', ignore);
        break;
      case 'untap':
        ws._socket?.off('data', ignore);
        break;
      case 'rawWrite':
        // A pong of the program's own, between the frames.
        if (isOpen) {
          ws._socket.write(frame('pong', '', { masked: !ws._isServer }), () => {
            if (random.oneIn(4)) this.#actInCallback(connection);
          });
        }
        break;
      case 'look':
        void [ws._socket?.remoteAddress, ws._socket?.bytesRead, ws.extensions, ws.isPaused];
        break;
    }
  }

  #send(connection) {
    const random = this.#random;
    const text = label('s', connection.id, connection.sent++, random.size());
    const data = random.oneIn(2) ? text : Buffer.from(text);
    switch (random.below(3)) {
      case 0:
        connection.ws.send(data, () => {
          if (random.oneIn(10)) this.#actInCallback(connection);
        });
        break;
      case 1:
        connection.ws.send(data, { compress: random.oneIn(2) });
        break;
      default:
        connection.ws.send(data);
    }
  }

  // In a stream of Node's, a callback that throws while what waits behind an error is dropped makes it drop
  // that a second time: under ws bufferedAmount is below 0 then, too.
  #actInCallback(connection) {
    try {
      this.act(connection);
    } catch (error) {
      connection.hasThrown = true;
      throw error;
    }
  }

  #pieces(text) {
    const pieces = [];
    for (let at = 0; at < text.length;) {
      const size = 1 + this.#random.below(this.#random.of([10, 1000, 100000]));
      pieces.push(text.slice(at, at + size));
      at += size;
      if (pieces.length > 20) {
        pieces.push(text.slice(at));
        break;
      }
    }
    return pieces;
  }

  // A message that is written in pieces, now or over some time; or not to its end, after which the
  // connection closes.
  #write(connection, isAborted) {
    const { ws, id } = connection;
    const random = this.#random;
    const stream = ws.createMessageStream({ compress: random.oneIn(2) });
    stream.on('error', () => {});
    const pieces = this.#pieces(label('t', id, connection.sent, random.size()));
    const isSlow = random.oneIn(2);
    const next = () => {
      if (stream.destroyed) return;
      if (pieces.length === 0) {
        stream.end();
        return;
      }
      stream.write(pieces.shift(), () => {
        if (random.oneIn(10)) this.act(connection);
      });
      if (isAborted && random.oneIn(3)) stream.destroy();
      else if (isSlow) setTimeout(next, random.below(5));
      else next();
    };
    if (isAborted && random.oneIn(4)) stream.destroy();
    else next();
  }

  // Some messages, as long as somebody wants them; or one that nobody waits for.
  async #iterate({ ws, id, reader }) {
    const random = this.#random;
    let left = random.below(10);
    const options = { highWaterMark: random.of([0, 1, 16]) };
    try {
      if (random.oneIn(4)) {
        const messages = ws.messages(options);
        messages.next().catch(() => {});
        if (random.oneIn(2)) await messages.return();
        return;
      }
      for await (const given of random.oneIn(2) ? ws : ws.messages(options)) {
        const data = given.data ?? given;
        if (data instanceof Blob) continue;
        const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1', 0, 40);
        const said = /^p (\d+) /.exec(text);
        if (said !== null && Number(said[1]) !== id && !reader.isTainted)
          this.#world.fault(`an iterator of connection ${id} gives a message of ${said[1]}`);
        if (random.oneIn(5)) await new Promise((resolve) => setTimeout(resolve, random.below(20)));
        if (left-- === 0) break;
      }
    } catch {
      // The connection has failed.
    }
  }

  #checkAmount({ ws, id, way, done, hasThrown }) {
    const amount = ws.bufferedAmount;
    if (amount >= 0 || hasThrown) return;
    const { readyState, _socket: socket } = ws;
    this.#world.fault(
      `bufferedAmount is ${amount} on connection ${id} (${way}, readyState ${readyState}, ` +
        `writableLength ${socket?.writableLength}): ${done.join(' ')}`
    );
  }

  #transfer(id, data) {
    this.#kept = this.#kept.filter((kept) => kept.id !== id);
    this.#world.taint(id);
    structuredClone(data, { transfer: [data.buffer] });
  }

  /** Checks that the messages that were kept are as they were, and lets them go. */
  checkKept() {
    for (const { id, data, text } of this.#kept.splice(0)) {
      if (data.toString('latin1') !== text) {
        this.#world.fault(
          `a message of connection ${id} that was kept has changed: ${text.slice(0, 40)}`
        );
      }
    }
  }
}

// The same, some of it later.
async function* later(pieces, random) {
  for (const piece of pieces) {
    if (random.oneIn(5)) await new Promise((resolve) => setTimeout(resolve, random.below(5)));
    yield piece;
  }
}

module.exports = { Intended, Operations };
