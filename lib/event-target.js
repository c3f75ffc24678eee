'use strict';

const { kWasClean } = require('./symbols');

const kTarget = Symbol('target');
const kInit = Symbol('init');
const kType = Symbol('type');
const kHandler = Symbol('handler');
const kIsAttribute = Symbol('is an on<event> attribute');

function enumerable(prototype, names) {
  for (const name of names) Object.defineProperty(prototype, name, { enumerable: true });
}

/** The event that an `open` listener gets; the base of the others. */
class Event {
  /**
   * @param {String} type
   */
  constructor(type) {
    this[kTarget] = null;
    this[kType] = type;
  }

  get target() {
    return this[kTarget];
  }

  get type() {
    return this[kType];
  }
}
enumerable(Event.prototype, ['target', 'type']);

/** The event that a `close` listener gets. */
class CloseEvent extends Event {
  /**
   * @param {String} type
   * @param {{code: Number=, reason: String=, wasClean: Boolean=}} [init]
   */
  constructor(type, init = {}) {
    super(type);
    this[kInit] = init;
  }

  get code() {
    return this[kInit].code ?? 0;
  }

  get reason() {
    return this[kInit].reason ?? '';
  }

  get wasClean() {
    return this[kInit].wasClean ?? false;
  }
}
enumerable(CloseEvent.prototype, ['code', 'reason', 'wasClean']);

/** The event that an `error` listener gets. */
class ErrorEvent extends Event {
  /**
   * @param {String} type
   * @param {{error: *=, message: String=}} [init]
   */
  constructor(type, init = {}) {
    super(type);
    this[kInit] = init;
  }

  get error() {
    return this[kInit].error === undefined ? null : this[kInit].error;
  }

  get message() {
    return this[kInit].message ?? '';
  }
}
enumerable(ErrorEvent.prototype, ['error', 'message']);

/** The event that a `message` listener gets. */
class MessageEvent extends Event {
  /**
   * @param {String} type
   * @param {{data: *=}} [init]
   */
  constructor(type, init = {}) {
    super(type);
    this[kInit] = init;
  }

  get data() {
    return this[kInit].data === undefined ? null : this[kInit].data;
  }
}
enumerable(MessageEvent.prototype, ['data']);

/** What each type of event is made of the arguments that an EventEmitter listener would get. */
const makers = {
  open: () => new Event('open'),
  message: (socket, data, isBinary) =>
    new MessageEvent('message', { data: isBinary ? data : data.toString() }),
  error: (socket, error) => new ErrorEvent('error', { error, message: error.message }),
  close: (socket, code, reason) =>
    new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: socket[kWasClean]
    })
};

function call(handler, socket, event) {
  if (typeof handler === 'object' && handler.handleEvent) handler.handleEvent(event);
  else handler.call(socket, event);
}

function add(socket, type, handler, once, isAttribute) {
  if (!Object.hasOwn(makers, type)) return;
  const make = makers[type];
  const listener = function (...args) {
    const event = make(this, ...args);
    event[kTarget] = this;
    call(handler, this, event);
  };
  listener[kHandler] = handler;
  listener[kIsAttribute] = isAttribute;
  if (once) socket.once(type, listener);
  else socket.on(type, listener);
}

function find(socket, type, matches) {
  return socket.listeners(type).find((listener) => kHandler in listener && matches(listener));
}

/** The part of the browser's EventTarget that ws has; to be mixed into an EventEmitter. */
const methods = {
  /**
   * @param {String} type open, message, error or close; anything else is ignored
   * @param {(Function|{handleEvent: Function})} handler
   * @param {{once: Boolean=}} [options]
   */
  addEventListener(type, handler, options = {}) {
    const same = (listener) => listener[kHandler] === handler && !listener[kIsAttribute];
    if (find(this, type, same) === undefined) add(this, type, handler, options.once, false);
  },

  /**
   * @param {String} type
   * @param {(Function|{handleEvent: Function})} handler
   */
  removeEventListener(type, handler) {
    const same = (listener) => listener[kHandler] === handler && !listener[kIsAttribute];
    const listener = find(this, type, same);
    if (listener !== undefined) this.removeListener(type, listener);
  }
};

/**
 * The accessors of an `on<type>` attribute.
 *
 * @param {String} type
 * @return {PropertyDescriptor}
 */
function attribute(type) {
  const isAttribute = (listener) => listener[kIsAttribute];
  return {
    configurable: true,
    enumerable: true,
    get() {
      return find(this, type, isAttribute)?.[kHandler] ?? null;
    },
    set(handler) {
      const old = find(this, type, isAttribute);
      if (old !== undefined) this.removeListener(type, old);
      if (typeof handler === 'function') add(this, type, handler, false, true);
    }
  };
}

/**
 * Gives a class the methods and the attributes.
 *
 * @param {Function} constructor a subclass of EventEmitter
 */
function mixInEventTarget(constructor) {
  Object.assign(constructor.prototype, methods);
  for (const type of Object.keys(makers)) {
    Object.defineProperty(constructor.prototype, `on${type}`, attribute(type));
  }
}

module.exports = { CloseEvent, ErrorEvent, Event, MessageEvent, mixInEventTarget };
