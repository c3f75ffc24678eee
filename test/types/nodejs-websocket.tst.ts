// What is right and what is wrong with wsuv/nodejs-websocket.

import { describe, expect, test } from 'tstyche';
import { Readable, Writable } from 'stream';
import { Connection, Server, connect, createServer } from 'wsuv/nodejs-websocket';
import * as ws from 'wsuv/nodejs-websocket';

describe('servers', () => {
  test('createServer()', () => {
    expect(createServer()).type.toBe<Server>();
    expect(createServer).type.toBeCallableWith((connection: Connection) => connection.path);
    expect(createServer).type.toBeCallableWith({ validProtocols: ['a'] }, () => {});
    expect(createServer).type.toBeCallableWith({ secure: true, key: 'k', cert: Buffer.alloc(1) });
    expect(createServer).type.toBeCallableWith({
      selectProtocol: (connection: Connection, protocols: string[]) => protocols[0]
    });
    expect(createServer).type.not.toBeCallableWith({ secure: 'yes' });
    expect(createServer).type.not.toBeCallableWith({ validProtocols: 'a' });
  });
  test('members', () => {
    const server = createServer();
    expect(server.listen(8080, 'localhost', () => {})).type.toBe<Server>();
    expect(server.listen).type.toBeCallableWith({ port: 0 }, () => {});
    expect(server.connections).type.toBe<Connection[]>();
    expect(server.socket.address).type.toBeCallableWith();
    server.on('connection', (connection) => expect(connection).type.toBe<Connection>());
  });
});

describe('connections', () => {
  const connection = connect('ws://localhost');
  test('connect()', () => {
    expect(connection).type.toBe<Connection>();
    expect(connect).type.toBeCallableWith('wss://localhost', { rejectUnauthorized: false });
    expect(connect).type.toBeCallableWith('ws://a', { extraHeaders: { a: 'b' } }, () => {});
    expect(connect).type.toBeCallableWith('ws://a', () => {});
    expect(connect).type.not.toBeCallableWith('ws://a', { protocols: 'a' });
    expect(connect).type.not.toBeCallableWith(5);
    expect(Connection).type.not.toBeConstructableWith();
  });
  test('sending', () => {
    expect(connection.sendText('text', () => {})).type.toBe<boolean | undefined>();
    expect(connection.sendBinary(Buffer.alloc(1))).type.toBe<boolean | undefined>();
    expect(connection.send).type.toBeCallableWith('text');
    expect(connection.send).type.not.toBeCallableWith(5);
    expect(connection.sendText).type.not.toBeCallableWith(Buffer.alloc(1));
    expect(connection.beginBinary()).type.toBe<Writable | undefined>();
    expect(connection.outStream).type.toBe<Writable | null>();
  });
  test('listeners know their arguments', () => {
    connection.on('text', (text) => expect(text).type.toBe<string>());
    connection.on('binary', (stream) => expect(stream).type.toBe<Readable>());
    connection.once('close', (code, reason) => {
      expect(code).type.toBe<number | undefined>();
      expect(reason).type.toBe<string | undefined>();
    });
    connection.on('error', (error) => expect(error).type.toBe<Error>());
  });
  test('constants', () => {
    expect(connection.OPEN).type.toBe<1>();
    expect(connection.readyState).type.toBe<0 | 1 | 2 | 3>();
  });
});

test('limits', () => {
  expect(ws.setBinaryFragmentation).type.toBeCallableWith(1024);
  expect(ws.setMaxBufferLength).type.not.toBeCallableWith('1024');
});
