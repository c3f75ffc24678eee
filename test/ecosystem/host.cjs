'use strict';

// Run by the hosts of hosts.js: loads the package that it is given, and says what it says.

try {
  const { WebSocketServer } = require(process.argv[2]);
  console.log('loaded', new WebSocketServer({ port: 0 }).address());
} catch (error) {
  console.log(error.code, error.message);
}
