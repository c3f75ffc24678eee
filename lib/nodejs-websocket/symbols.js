'use strict';

// The names by which a Connection, its Channel and its Server reach one another. Programs may set any
// property of a string's name.

module.exports = {
  // Of a Connection.

  /** (channel): what has the connection is there. */
  kAttach: Symbol('wsuv.attach'),
  /** (response): the server has answered. */
  kAnswered: Symbol('wsuv.answered'),
  /** (): the opening handshake is done. */
  kOpened: Symbol('wsuv.opened'),
  /** (text) */
  kText: Symbol('wsuv.text'),
  /** (data): a binary message that came whole. */
  kBinary: Symbol('wsuv.binary'),
  /** (stream): one that comes in pieces. */
  kStream: Symbol('wsuv.stream'),
  /** (data) */
  kPong: Symbol('wsuv.pong'),
  /** (code, reason): the peer has sent a close frame. */
  kPeerClosed: Symbol('wsuv.peerClosed'),
  /** (): the peer sends no more, and has sent no close frame. */
  kPeerEnded: Symbol('wsuv.peerEnded'),
  /** (error): the opening handshake has failed, or the peer has broken the protocol. */
  kFailed: Symbol('wsuv.failed'),
  /** (error): the connection is over; what was wrong with the transport, if anything was. */
  kEnded: Symbol('wsuv.ended'),
  /** (data, isLast, callback): sends a fragment of a binary message. */
  kSendFragment: Symbol('wsuv.sendFragment'),
  /** (stream): it is done with. */
  kBinarySent: Symbol('wsuv.binarySent'),

  /** (): the binary stream ends within a message. */
  kBinaryAborted: Symbol('wsuv.binaryAborted'),

  // Of a Server.

  /** (connection): it counts among the open ones, or does not any more. */
  kAdd: Symbol('wsuv.add'),
  kRemove: Symbol('wsuv.remove')
};
