'use strict';

const EventEmitter = require('events');
const { Readable, Writable } = require('stream');

const { nextTick } = require('../native/realm');
const { kPassOn } = require('../symbols');
const { pristine } = require('./pieces');

const kAborted = Symbol('wsuv.aborted');
const kPassing = Symbol('wsuv.passing');
const kObserver = Symbol('wsuv.observer');

/**
 * A message as it arrives: its bytes, in the pieces in which they come. Of a text they are UTF-8 that
 * was checked; a piece may end within a character, which setEncoding('utf8') sees to.
 */
class IncomingStream extends Readable {
  /**
   * @param {Object} observer
   * @param {function(IncomingStream)} observer.onWanted more is to be pushed
   * @param {function(IncomingStream, Boolean)} observer.onPassing whether passOn() is of use
   * @param {function(IncomingStream)} observer.onOver it was read to its end, or is destroyed
   */
  constructor(observer) {
    super();
    this[kObserver] = observer;
    this[kAborted] = false;
    this[kPassing] = null;
  }

  /**
   * Passes pieces on without the stream, as long as they would go to one listener of 'data' and nobody
   * else.
   *
   * @param {Function} listener that one
   * @param {function(Buffer): Boolean} take does with a piece what the listener does, and needs its memory
   *     no longer; false if the listener is to do it
   */
  [kPassOn](listener, take) {
    this[kPassing] = { listener, take };
    this[kObserver].onPassing(this, true);
  }

  /**
   * @param {Buffer} piece the message's next
   * @return {Boolean} whether that was all; otherwise it is to be pushed
   */
  passOn(piece) {
    const passing = this[kPassing];
    if (passing === null) return false;
    if (!this.readableFlowing || this.readableLength > 0) return false;
    if (isAlone(this, passing.listener)) return passing.take(piece);
    this[kPassing] = null;
    this[kObserver].onPassing(this, false);
    return false;
  }

  /** Whether as much waits to be read as should at most. */
  get isFull() {
    return this.readableLength > 0 && this.readableLength >= this.readableHighWaterMark;
  }

  /**
   * The rest of the message will never come. As with Node's http, whoever does not listen for 'error'
   * hears of it by 'close' alone: a peer that goes away cannot bring the process down.
   *
   * @param {Error} error
   */
  abort(error) {
    if (this.destroyed) return;
    this[kAborted] = true;
    this.destroy(error);
  }

  // A stream whose handler has thrown goes no further by itself, and nothing would come behind it.
  emit(name, ...args) {
    let hasThrown = true;
    try {
      const isHeard = super.emit(name, ...args);
      hasThrown = false;
      return isHeard;
    } finally {
      if (hasThrown) nextTick(goOn, this);
    }
  }

  _read() {
    this[kObserver].onWanted(this);
  }

  _destroy(error, callback) {
    const isHeard = !this[kAborted] || this.listenerCount('error') > 0;
    callback(isHeard ? error : null);
    this[kObserver].onOver(this);
  }
}

// Whether what is pushed goes to that listener alone, as it is. (Who has put something in the place of what
// all streams do sees what they do.)
function isAlone(stream, listener) {
  return (
    stream.listenerCount('data') === 1 &&
    stream.listenerCount('data', listener) === 1 &&
    stream.listenerCount('readable') === 0 &&
    stream.readableEncoding === null &&
    stream.emit === emit &&
    stream.push === pristine.push &&
    EventEmitter.prototype.emit === pristine.emit &&
    Writable.prototype.write === pristine.write
  );
}

function goOn(stream) {
  if (stream.readableEnded) {
    stream.destroy();
  } else if (stream.readableFlowing) {
    stream.pause();
    stream.resume();
  }
}

const { emit } = IncomingStream.prototype;

module.exports = { IncomingStream };
