'use strict';

// How a WebSocket ends: the closing handshake, what a peer does wrong, and who hears in which order that
// the connection is over. websocket.js calls these with itself; they are its, and apart from it since few
// connections end at a time.

const { NO_CLOSE_CODE, NOOP, READY_STATES } = require('./constants');
const events = require('./events');
const native = require('./native/addon');
const { createProtocolError, kErrorCode } = require('./native/protocol-errors');
const { nextTick } = require('./native/realm');
const { createTransportError, isOfWrite } = require('./native/transport-errors');
const { closeReason } = require('./sending/control-payload');
const { makeMask } = require('./sending/outgoing');
const {
  kBeginEnd,
  kBroken,
  kHandle,
  kLeaveServer,
  kOptions,
  kRare,
  kRarely
} = require('./symbols');

const OPEN = READY_STATES.indexOf('OPEN');

// The closing handshake.

// Runs what sends a close frame, behind what is still being read or compressed.
function inTurn(ws, send) {
  const { link, outgoing } = ws[kRare];
  if (outgoing !== null) {
    outgoing.inTurn(send);
    // As under ws, the time for the closing handshake begins even where the close frame has to wait.
    if (!ws[kRare].closeFrameSent) native.expectEnd(ws[kHandle]);
  } else {
    send();
    link.pump(ws[kHandle]);
  }
}

// The addon is about to send a close frame, perhaps.
function maskCloseFrame(ws) {
  if (ws._isServer || ws[kRare].closeFrameSent) return;
  const key = makeMask(ws[kOptions]);
  if (key !== undefined) native.setNextMaskingKey(ws[kHandle], key);
}

// Under ws it is the Sender that sends a close frame: whoever has patched its close() is called, and what
// he passes on is sent.
function byName(ws, code, data, send) {
  const rare = ws[kRare];
  if (!rare.sendsByName || rare.closeFrameSent) {
    send(code, data);
    return;
  }
  rare.closing = (...args) => {
    rare.closing = null;
    send(...args);
  };
  try {
    ws._sender.close(code, data, !ws._isServer, NOOP);
  } finally {
    rare.closing = null;
    if (!rare.closeFrameSent) native.expectEnd(ws[kHandle]);
  }
}

/**
 * Sends our close frame.
 *
 * @param {WebSocket} ws
 * @param {Number} [code]
 * @param {(String|Uint8Array)} [data] the reason
 * @throws {(TypeError|RangeError)} for what may not be sent
 */
function sendClose(ws, code, data) {
  const given = closeReason(code, data);
  ws[kBeginEnd]();
  byName(ws, code, data, (passed, passedData) => {
    const isAsGiven = passed === code && passedData === data;
    const reason = isAsGiven ? given : closeReason(passed, passedData);
    inTurn(ws, () => {
      maskCloseFrame(ws);
      native.close(ws[kHandle], passed === undefined ? NO_CLOSE_CODE : passed, reason);
      ws[kRarely]().closeFrameSent = true;
    });
  });
}

/**
 * Answers the peer's close frame.
 *
 * @param {WebSocket} ws
 */
function answerClose(ws) {
  const rare = ws[kRarely]();
  rare.isAnswerDue = false;
  if (ws._readyState === OPEN) ws[kBeginEnd]();
  const { closeCode, closeMessage } = rare;
  const args = closeCode === NO_CLOSE_CODE ? [undefined, undefined] : [closeCode, closeMessage];
  byName(ws, ...args, () => {
    inTurn(ws, () => {
      maskCloseFrame(ws);
      native.reactToClose(ws[kHandle], closeCode, closeMessage);
      rare.closeFrameSent = true;
      rare.link.ended(ws[kHandle]);
    });
  });
}

// What goes wrong.

/**
 * Emits 'error', unless it was.
 *
 * @param {WebSocket} ws
 * @param {Error} error
 */
function emitErrorOnce(ws, error) {
  if (ws[kRare].errorEmitted) return;
  ws[kRarely]().errorEmitted = true;
  events.failed(ws, error);
  ws.emit('error', error);
}

/**
 * The peer has broken the protocol.
 *
 * @param {WebSocket} ws
 * @param {...*} fault what createProtocolError() takes
 */
function faulted(ws, ...fault) {
  const rare = ws[kRarely]();
  rare.inputEnded = true;
  rare.protocolError = createProtocolError(...fault);
  // As under ws, behind what handlers of the messages before it do in the next tick: a Writable takes one
  // to fail, and one to tell.
  if (!rare.failedPaused) nextTick(nextTick, tellFault, ws);
}

/**
 * What the peer did wrong; whoever takes it tells it.
 *
 * @param {WebSocket} ws
 * @return {(Error|null)}
 */
function takeFault(ws) {
  const { protocolError } = ws[kRare];
  if (protocolError !== null) ws[kRare].protocolError = null;
  return protocolError;
}

function tellFault(ws) {
  const { receiver } = ws[kRare];
  const error = takeFault(ws);
  if (error === null) return;
  if (receiver !== null) receiver.emit('error', error);
  else ws[kBroken](error);
}

/**
 * What the peer did wrong is told, and ends the connection.
 *
 * @param {WebSocket} ws
 * @param {Error} error
 */
function broken(ws, error) {
  const rare = ws[kRarely]();
  maskCloseFrame(ws);
  native.reactToError(ws[kHandle], error[kErrorCode]);
  ws[kBeginEnd]();
  rare.closeFrameSent = true;
  rare.link.pump(ws[kHandle]);
  rare.link.ended(ws[kHandle]);
  rare.outgoing?.broken();
  emitErrorOnce(ws, error);
}

// The end.

/**
 * The peer has ended its side of the transport.
 *
 * @param {WebSocket} ws
 */
function peerEnded(ws) {
  const rare = ws[kRarely]();
  try {
    tellFault(ws);
  } finally {
    ws[kBeginEnd]();
    native.reactToEnd(ws[kHandle]);
    rare.inputEnded = true;
    rare.link.output();
    rare.link.peerEnded(ws[kHandle]);
  }
}

/**
 * The transport is broken, and what was read before is still to come. As under ws, the socket of a
 * connection that the program has paused tells of that at once.
 *
 * @param {WebSocket} ws
 * @param {Number} status what the addon says
 */
function failed(ws, status) {
  if (!ws[kRare].paused) return;
  const error = createTransportError(status);
  const rare = ws[kRarely]();
  const callbacks = rare.link.release(ws[kHandle]);
  rare.failedPaused = true;
  try {
    if (isOfWrite(status)) callbacks?.closed(error);
  } finally {
    ws[kBeginEnd]();
    rare.link.failed(ws[kHandle], error);
    if (callbacks !== undefined) nextTick(() => callbacks.closed(error));
  }
}

/**
 * The connection is over.
 *
 * @param {WebSocket} ws
 * @param {Number} status what the addon says
 * @param {(ConnectionHandle|undefined)} socketHandle that of its socket, if there is one
 */
function closed(ws, status, socketHandle) {
  try {
    // Behind the socket's 'close', where there is one.
    if (!ws[kRare].failedPaused || socketHandle === undefined) tellFault(ws);
  } finally {
    ended(ws, status, socketHandle);
  }
}

function ended(ws, status, socketHandle) {
  let { callbacks } = ws[kRare];
  // It is made for those who get it.
  const isTold = callbacks !== null || ws[kRare].outgoing !== null || socketHandle !== undefined;
  const error = isTold && status !== 0 ? createTransportError(status) : undefined;
  if (status !== 0 && socketHandle === undefined) ws[kRarely]().failure = status;
  if (callbacks !== null) ws[kRarely]().callbacks = null;
  try {
    // The callback of a write that has failed is the first to hear of it.
    if (isOfWrite(status)) callbacks?.closed(error);
  } finally {
    if (isOfWrite(status)) callbacks = null;
    const { link, outgoing } = ws[kRare];
    ws[kBeginEnd]();
    const server = ws[kLeaveServer]();
    const hearers = {
      senders: () => {
        callbacks?.closed(error);
        outgoing?.closed(error);
      },
      afterSocket: () => socketClosed(ws),
      atOnce: () => ws.emitClose()
    };
    link.closed(socketHandle, server, hearers, error);
  }
}

// The socket emits 'close'. As under ws, its listeners hear of an end that came unexpectedly before
// those of the WebSocket do.
function socketClosed(ws) {
  const { failedPaused, inputEnded } = ws[kRare];
  if (inputEnded && !failedPaused) {
    ws.emitClose();
    return;
  }
  nextTick(() => {
    try {
      tellFault(ws);
    } finally {
      ws.emitClose();
    }
  });
}

module.exports = {
  answerClose,
  broken,
  closed,
  emitErrorOnce,
  failed,
  faulted,
  peerEnded,
  sendClose,
  takeFault
};
