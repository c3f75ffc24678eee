'use strict';

const { Readable } = require('stream');

const { nextTick } = require('../native/realm');

const kAborted = Symbol('wsuv.aborted');
const kObserver = Symbol('wsuv.observer');

/**
 * A message as it arrives: its bytes, in the pieces in which they come. Of a text they are UTF-8 that
 * was checked; a piece may end within a character, which setEncoding('utf8') sees to.
 */
class IncomingStream extends Readable {
  /**
   * @param {Object} observer
   * @param {function(IncomingStream)} observer.onWanted more is to be pushed
   * @param {function(IncomingStream)} observer.onOver it was read to its end, or is destroyed
   */
  constructor(observer) {
    super();
    this[kObserver] = observer;
    this[kAborted] = false;
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

function goOn(stream) {
  if (stream.readableEnded) {
    stream.destroy();
  } else if (stream.readableFlowing) {
    stream.pause();
    stream.resume();
  }
}

module.exports = { IncomingStream };
