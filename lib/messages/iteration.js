'use strict';

const { holder } = require('../connection-flags');
const { READY_STATES } = require('../constants');
const { createClosedError } = require('../errors');
const native = require('../native/addon');
const { nextTick } = require('../native/realm');
const seam = require('../native/seam');
const {
  kHandle,
  kOnClosed,
  kOnMessage,
  kOnPeerClose,
  kOnPeerEnd,
  kOnProtocolError,
  kOnStream,
  kOptions,
  kSetReading
} = require('../symbols');

// What a connection takes in in a turn, where nobody says otherwise.
const { RECORDS: ANY_NUMBER } = seam.turn;
const CLOSED = READY_STATES.indexOf('CLOSED');
// A connection that has ended with one of these has come to its end: done, going away, or without a
// code.
const GOOD_CODES = [1000, 1001, 1005];
// What waits while nobody asks for the next message, in order.
const HELD = [kOnMessage, kOnStream, kOnPeerClose, kOnPeerEnd, kOnProtocolError, kOnClosed];

const kIteration = Symbol('wsuv.iteration');

/**
 * What the iterators of a WebSocket share. A message is emitted when one of them asks for the next one,
 * and goes to that one; what comes meanwhile waits here, unless there is no iterator (any more). So
 * none is lost where one loop ends and another one begins.
 */
class Iteration {
  #ws;
  // The highWaterMark of each iterator, by its token. (Not the iterators, so that those that nobody
  // has any more can be collected.)
  #marks = new Map();
  // Who asks, in order: the functions of the promises that iterators have given.
  #takers = [];
  // Events that wait: method and arguments.
  #held = [];
  // Messages that were emitted though nobody had asked, since the connection is over.
  #ready = [];
  #isStopped = false;
  #limit = ANY_NUMBER;
  #mostInTurn;
  #isOver = false;
  #isScheduled = false;
  #end = undefined;
  #removeAllOthers = removeAllBut(
    () => this.#unlisten(),
    () => this.#listen()
  );
  #onMessage = (data, isBinary) => this.#give(data, isBinary);
  #onError = (error) => this.#finish(error);
  #onClose = (code, reason) => {
    this.#finish(GOOD_CODES.includes(code) ? undefined : createClosedError(code, reason));
  };

  /**
   * @param {WebSocket} ws
   * @return {Iteration} of this WebSocket
   */
  static of(ws) {
    if (ws[kIteration] === undefined) {
      Object.defineProperty(ws, kIteration, { value: new Iteration(ws) });
    }
    return ws[kIteration];
  }

  constructor(ws) {
    this.#ws = ws;
    const { allowSynchronousEvents } = ws[kOptions];
    const isDeferred = allowSynchronousEvents !== undefined && !allowSynchronousEvents;
    // More than are delivered in a turn would wait for theirs.
    this.#mostInTurn = isDeferred ? 1 : ANY_NUMBER;
    for (const name of HELD) {
      const method = ws[name];
      Object.defineProperty(ws, name, {
        value: (...args) => this.#take({ name, method, args })
      });
    }
    if (ws.readyState === CLOSED) this.#onClose(ws._closeCode, ws._closeMessage);
  }

  /**
   * One more iterator.
   *
   * @param {Object} token that stands for it
   * @param {Number} highWaterMark messages that may wait until nothing more is read
   */
  add(token, highWaterMark) {
    if (this.#end !== undefined) return;
    this.#marks.set(token, highWaterMark);
    if (this.#marks.size === 1) this.#join();
    this.#update();
  }

  /** It is at its end, or nobody has it any more. */
  remove(token) {
    if (!this.#marks.delete(token)) return;
    if (this.#marks.size === 0) this.#leave();
    this.#goOn();
  }

  #join() {
    this.#listen();
    Object.defineProperty(this.#ws, 'removeAllListeners', {
      configurable: true,
      value: this.#removeAllOthers,
      writable: true
    });
  }

  #leave() {
    this.#unlisten();
    // Somebody may have put something else there meanwhile.
    const own = Object.getOwnPropertyDescriptor(this.#ws, 'removeAllListeners');
    if (own?.value === this.#removeAllOthers) delete this.#ws.removeAllListeners;
  }

  #listen() {
    this.#ws.on('message', this.#onMessage);
    this.#ws.on('error', this.#onError);
    this.#ws.on('close', this.#onClose);
  }

  #unlisten() {
    this.#ws.off('message', this.#onMessage);
    this.#ws.off('error', this.#onError);
    this.#ws.off('close', this.#onClose);
  }

  /** @return {Array} data and isBinary of a message that nobody has taken; undefined if there is none */
  takeReady() {
    return this.#ready.shift();
  }

  /** @type {({error: Error=}|undefined)} how the connection has ended, if it has */
  get end() {
    return this.#end;
  }

  /**
   * An iterator asks for the next message.
   *
   * @param {{give: function(Buffer, Boolean), finish: function(Error=)}} taker its promise's functions
   */
  ask(taker) {
    this.#takers.push(taker);
    this.#goOn();
  }

  /** It does not any more. */
  forget(taker) {
    this.#takers = this.#takers.filter((other) => other !== taker);
    this.#goOn();
  }

  get #isOpen() {
    return this.#isOver || this.#marks.size === 0 || this.#takers.length > 0;
  }

  get #canDeliver() {
    return this.#held.length > 0 && (this.#isOpen || this.#held[0].name !== kOnMessage);
  }

  #take(event) {
    // It is reported at once, whether the messages before it have been taken or not.
    if (event.name === kOnClosed) this.#isOver = true;
    this.#held.push(event);
    this.#deliver();
  }

  #deliver() {
    try {
      while (this.#canDeliver) {
        const { method, args } = this.#held.shift();
        Reflect.apply(method, this.#ws, args);
      }
    } finally {
      this.#goOn();
    }
  }

  // Reads on, or not, and delivers what can be delivered.
  #goOn() {
    this.#update();
    if (this.#isScheduled || !this.#canDeliver) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #update() {
    const room = this.#room;
    const isStopped = room === 0;
    if (!isStopped && room !== this.#limit) {
      this.#limit = room;
      native.limitRecords(this.#ws[kHandle], room);
    }
    if (isStopped === this.#isStopped) return;
    this.#isStopped = isStopped;
    this.#ws[kSetReading](!isStopped, holder.ITERATION);
  }

  // How many messages may be read now, so that no more wait than may.
  get #room() {
    if (this.#isOver || this.#marks.size === 0) return ANY_NUMBER;
    const waiting = this.#held.length + this.#ready.length;
    const room = Math.min(...this.#marks.values()) + this.#takers.length - waiting;
    return Math.min(Math.max(room, 0), this.#mostInTurn);
  }

  #give(data, isBinary) {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#ready.push([data, isBinary]);
    else taker.give(data, isBinary);
  }

  #finish(error) {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#marks.clear();
    this.#leave();
    for (const { finish } of this.#takers.splice(0)) finish(error);
    this.#update();
  }
}

// A removeAllListeners() for the time of an iteration. Who tidies up with it does not mean those who wait
// in a loop, which would never come to its end.
function removeAllBut(unlisten, listen) {
  return function removeAllListeners(...args) {
    // The method of the class, which a subclass may have overridden.
    const method = Reflect.get(Reflect.getPrototypeOf(this), 'removeAllListeners', this);
    unlisten();
    try {
      return Reflect.apply(method, this, args);
    } finally {
      listen();
    }
  };
}

module.exports = { Iteration };
