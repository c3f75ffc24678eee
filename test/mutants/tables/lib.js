'use strict';

const { jest: of } = require('../rows');

module.exports = [
  ...of('lib/handshake/client.js', 'test/parity/client.test.js test/parity/handshake.test.js', [
    ['!isSameHost || (this.#origin.isSecure && !isSecure)', '!isSameHost'],
    ['if (!isSameHost) delete opts.headers.host;', ''],
    ['        delete opts.headers.cookie;\n', ''],
    ['        opts.auth = undefined;\n', ''],
    ['if (++this.#redirects > opts.maxRedirects)', 'if (++this.#redirects >= opts.maxRedirects)'],
    ['} else if (this.#ws.listenerCount', '} else if (true || this.#ws.listenerCount']
  ]),
  ...of('lib/native/settings.js', 'test/websocket-server.test.js test/native-listener.test.js', [
    ['handshakeTimeout === 0 ? 0 :', ''],
    ['number >= 1 && number <= 0x7fffffff ? number : 1', 'number >= 1 ? number : 1'],
    ['    maxPayload === last.maxPayload &&\n', ''],
    ['    closeTimeout === last.closeTimeout &&\n', '']
  ]),
  ...of('lib/native/listener.js', 'test/native-listener.test.js test/parity/server.test.js', [
    ['        if (this[kIsClosed]) return;\n', ''],
    ["        { host: '0.0.0.0', port: number, backlog }\n", '']
  ]),
  ...of(
    'lib/sending/send-queue.js',
    'test/parity/socket-queue.test.js test/parity/payloads.test.js',
    [
      ['shift();\n    this.bytes -= size;\n', 'shift();\n'],
      [
        'push(job);\n    if (!this.#isReading && !this.#isSending) this.#run();',
        'push(job);\n    this.#run();'
      ]
    ]
  ),
  ...of('lib/link/stream-link.js', 'test/parity/duplex.test.js test/tls.test.js', [
    ['else if (!this.#isPaused) this.#socket.resume();', 'else this.#socket.resume();'],
    ['if (!this.#isHeld) this.#socket.resume();', 'this.#socket.resume();'],
    ['    if (rest !== null) native.feed(this.handle, rest);\n', ''],
    ['if (this.#feeding > 0) atExit.add(this.#flush);\n    else this.#write();', 'this.#write();']
  ]),
  ...of('lib/websocket.js', 'test/parity/socket.test.js', [
    ['(isReading && (paused || holds !== 0))) return;', '(isReading && holds !== 0)) return;'],
    ['if (this[kRare].paused) this[kRarely]().paused = false;', '']
  ]),
  ...of('lib/link/native-link.js', 'test/parity/paused-broken.test.js', [
    ['      nextTick(senders);\n', '      senders();\n']
  ]),
  ...of(
    'lib/link/adopt-socket.js',
    'test/descriptors.test.js test/parity/paused-before.test.js test/parity/raw-socket.test.js ' +
      'test/parity/http-server.test.js test/parity/socket-state.test.js',
    [
      ['Buffer.concat([head, read])', 'head'],
      ['    if (read !== null) socket.unshift(read);\n', ''],
      ['  if (socket.isPaused()) native.pause(handle);\n', ''],
      ['  if (!socket._handle.hasRef()) native.setRef(handle, false);\n', ''],
      ['const received = socket.bytesRead;', 'const received = 0;'],
      ['  if (handle !== 0) takeHandle(socket);\n', '']
    ]
  ),
  ...of(
    'lib/link/node-internals.js',
    'test/parity/own-server.test.js test/node-internals.test.js',
    [
      ['    socket.readableEncoding === null &&\n', ''],
      ['    socket.writableLength === 0 &&\n', ''],
      ["    socket.listenerCount('data') === 0 &&\n", '']
    ]
  ),
  ...of(
    'lib/link/unseen-sockets.js',
    'test/parity/own-server.test.js test/parity/http-server.test.js',
    [
      ["      server.listenerCount('upgrade') > 0;", '      false;'],
      ['      !upgrade.wasSeen &&\n', ''],
      ['      !socketChannel.hasSubscribers &&\n', ''],
      ["      this.#server.listenerCount('upgrade') === 1 &&\n", '']
    ]
  ),
  ...of('lib/link/connection-handle.js', 'test/parity/raw-socket.test.js', [
    ['this.#hasShutdown && (this.#hasPeerEnded || !this.#isDecided)', 'this.#hasShutdown'],
    ['this.#hasShutdown && (this.#hasPeerEnded || !this.#isDecided)', 'false']
  ]),
  ...of(
    'lib/link/node-socket.js',
    'test/parity/raw-socket.test.js test/parity/socket-state.test.js',
    [
      ['if (isIdle && moved !== told) socket.emit', 'if (isIdle) socket.emit'],
      ['isIdle ? timeout : timeout - idle', 'timeout'],
      ['if (this.timeout > 0) native.idleTime(socketHandle.id);', '']
    ]
  ),
  ...of('lib/messages/incoming-stream.js', 'test/messages/passing-on.test.js', [
    ["    stream.listenerCount('data') === 1 &&\n", ''],
    ['if (!this.readableFlowing || this.readableLength > 0) return false;', ''],
    ['    stream.readableEncoding === null &&\n', '']
  ]),
  ...of('lib/messages/incoming-streams.js', 'test/messages/passing-on.test.js', [
    ['push(isLent ? copyOf(data) : data)', 'push(data)'],
    ['kOnPiece, isLent ? copyOf(data) : data', 'kOnPiece, data'],
    ['    this.onPassing(stream, false);\n', '']
  ]),
  ...of('lib/sending/send-stream.js', 'test/messages/passing-on.test.js', [
    ['if (isOwn) source', 'source']
  ]),
  ...of('lib/sending/message-stream.js', 'test/messages/passing-on.test.js', [
    ['    this.#isBinary ??= true;\n', '', 'only strings make it text'],
    ['this.writableLength === 0 && ', ''],
    [' || !this.#outgoing.isTaken) return false;', ') return false;']
  ])
];
