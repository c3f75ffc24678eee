'use strict';

// What a listener of the addon does where this machine gives no occasion for it.

const { once } = require('events');
const {
  constants: { errno }
} = require('os');

const native = require('../lib/native/addon');
const { WebSocketServer } = require('..');
const { expectNothingLeftOpen } = require('./helpers/open-sockets');

expectNothingLeftOpen();

const { listen } = native;
afterEach(() => void (native.listen = listen));

/** Has the first attempt to listen fail; returns the hosts of all of them. */
function failFirst(error) {
  const hosts = [];
  native.listen = (context, settings, host, ...rest) => {
    hosts.push(host);
    return hosts.length === 1 ? -errno[error] : listen(context, settings, host, ...rest);
  };
  return hosts;
}

for (const error of ['EAFNOSUPPORT', 'EINVAL', 'EADDRNOTAVAIL']) {
  test(`a machine without IPv6 listens at IPv4: ${error}`, async () => {
    const hosts = failFirst(error);
    const server = new WebSocketServer({ port: 0 });
    await once(server, 'listening');
    expect(hosts).toEqual(['::', '0.0.0.0']);
    expect(server.address()).toMatchObject({ address: '0.0.0.0', family: 'IPv4' });
    await new Promise((resolve) => server.close(resolve));
  });
}

test('any other error is one', async () => {
  const hosts = failFirst('EADDRINUSE');
  const server = new WebSocketServer({ port: 0 });
  const [error] = await once(server, 'error');
  expect(hosts).toEqual(['::']);
  expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
  await new Promise((resolve) => server.close(resolve));
});

test('who gives a host does not want another', async () => {
  const hosts = failFirst('EADDRNOTAVAIL');
  const server = new WebSocketServer({ port: 0, host: '::1' });
  const [error] = await once(server, 'error');
  expect(hosts).toEqual(['::1']);
  expect(error.code).toBe('EADDRNOTAVAIL');
  await new Promise((resolve) => server.close(resolve));
});
