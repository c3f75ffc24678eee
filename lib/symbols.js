'use strict';

// The names by which the files of lib/ reach what is theirs in the classes that users see. Whoever
// extends a WebSocket may have members of any name that ws does not have. (And no #private there, for
// a Proxy around a WebSocket has none.)

module.exports = {
  // Of a WebSocket.

  /** The addon's name for the connection; 0 while there is none. */
  kHandle: Symbol('wsuv.handle'),
  /** The socket, once there is one in JavaScript; null before. */
  kSocket: Symbol('wsuv.socket'),
  /** The options that the connection has. */
  kOptions: Symbol('wsuv.options'),
  /** Who moves the connection's bytes; see link/native-link.js. */
  kLink: Symbol('wsuv.link'),
  /** (link): a link of the connection's own does. */
  kUseLink: Symbol('wsuv.useLink'),
  /** (isReading, who): a `holder` of connection-flags.js stops reading from the connection, or lets go. */
  kSetReading: Symbol('wsuv.setReading'),
  /** Whether there is a connection, or was. */
  kIsAttached: Symbol('wsuv.isAttached'),
  /** (url): a client asks there. */
  kSetUrl: Symbol('wsuv.setUrl'),
  /** (req): a client's request has been made, or with null, is of no use any more. */
  kSetRequest: Symbol('wsuv.setRequest'),
  /** (options): what a client's options come to. */
  kSetOptions: Symbol('wsuv.setOptions'),
  /** (): the opening handshake is given up, the stream that moves the bytes is gone, or it is closing. */
  kBeginEnd: Symbol('wsuv.beginEnd'),
  /** (): gives back the server that counts it among its connections, which is not its any more. */
  kLeaveServer: Symbol('wsuv.leaveServer'),
  /** (error): the opening handshake has failed. */
  kFail: Symbol('wsuv.fail'),
  /** (handle): the addon has the connection, whose opening handshake is done. */
  kOpen: Symbol('wsuv.open'),
  /** (socket, head, response): takes a server's socket that nobody knows; false where that cannot be. */
  kReplaceSocket: Symbol('wsuv.replaceSocket'),
  /** Whether both close frames went. */
  kWasClean: Symbol('wsuv.wasClean'),
  /** Of the class, and of Sender: its methods, as they were when the package was loaded. */
  kOwnMethods: Symbol('wsuv.ownMethods'),
  /** Of the class, (): loads what only connections need. */
  kLoad: Symbol('wsuv.load'),
  /** What sends what is no whole, plain message; made when it is needed. */
  kOutgoing: Symbol('wsuv.outgoing'),
  /** (): from now on it sends by the methods of its Sender, which somebody has patched. */
  kSendByName: Symbol('wsuv.sendByName'),
  /** (isPlain): whether send() may pass data straight on. */
  kSetPlain: Symbol('wsuv.setPlain'),
  /** (error): something could not be sent, and nothing can follow it. */
  kSendFailed: Symbol('wsuv.sendFailed'),
  /** (): the program has ended the socket whose bytes the addon moves. */
  kStreamEnded: Symbol('wsuv.streamEnded'),
  /** (data), (code, reason), (error): what a Receiver does where nobody has changed that. */
  kPinged: Symbol('wsuv.pinged'),
  kTakeFault: Symbol('wsuv.takeFault'),
  kConcluded: Symbol('wsuv.concluded'),
  kBroken: Symbol('wsuv.broken'),

  /** (size): so many bytes were to be sent in vain. */
  kCountRefused: Symbol('wsuv.countRefused'),

  // Of a WebSocket, for the files that make it up (websocket.js, ending.js, compat/members.js) only.

  /** The HTTP server that counts the connection, while it has no socket that would tell it. */
  kServer: Symbol('wsuv.server'),
  /** A RareState to be read, and a method that gives one to be written to. */
  kRare: Symbol('wsuv.rare'),
  kRarely: Symbol('wsuv.rarely'),

  // Of a Sender: what its methods do.

  kDoClose: Symbol('wsuv.doClose'),
  kDoPing: Symbol('wsuv.doPing'),
  kDoPong: Symbol('wsuv.doPong'),
  kDoSend: Symbol('wsuv.doSend'),

  // Of a NativeListener, what dispatch.js calls.

  kOnListenerClosed: Symbol('wsuv.onListenerClosed'),
  kOnUpgrade: Symbol('wsuv.onUpgrade'),

  // Of an Endpoint; see native/dispatch.js.

  kWantsText: Symbol('wsuv.wantsText'),
  kOnMessage: Symbol('wsuv.onMessage'),
  kOnText: Symbol('wsuv.onText'),
  kOnPiece: Symbol('wsuv.onPiece'),
  kOnStream: Symbol('wsuv.onStream'),
  /** Of an IncomingStream, (listener, take): pieces go to `take` where only `listener` would get them. */
  kPassOn: Symbol('wsuv.passOn'),
  kOnPing: Symbol('wsuv.onPing'),
  kOnPong: Symbol('wsuv.onPong'),
  kOnPeerClose: Symbol('wsuv.onPeerClose'),
  kOnProtocolError: Symbol('wsuv.onProtocolError'),
  kOnPeerEnd: Symbol('wsuv.onPeerEnd'),
  kOnWritten: Symbol('wsuv.onWritten'),
  kOnOutput: Symbol('wsuv.onOutput'),
  kOnReleased: Symbol('wsuv.onReleased'),
  kOnCompressed: Symbol('wsuv.onCompressed'),
  kOnFailed: Symbol('wsuv.onFailed'),
  kOnClosed: Symbol('wsuv.onClosed')
};
