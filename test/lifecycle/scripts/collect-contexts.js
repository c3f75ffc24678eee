'use strict';

// Evaluations of lib/ that nobody uses any more are collected: run with --expose-gc.

const { setTimeout: sleep } = require('timers/promises');

let collected = 0;
// Not a variable of main(): V8 lets go of one behind its last use, and nobody would count any more.
const registry = new FinalizationRegistry(() => collected++);

async function main() {
  for (let i = 0; i < 50; i++) {
    for (const file of Object.keys(require.cache)) {
      if (file.includes(`${require('path').sep}lib${require('path').sep}`))
        delete require.cache[file];
    }
    module.children.length = 0;
    const wsuv = require('../../..');
    registry.register(wsuv, i);
    const server = new wsuv.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.on('listening', resolve));
    await new Promise((resolve) => server.close(resolve));
  }
  for (let i = 0; i < 20 && collected < 40; i++) {
    global.gc();
    await sleep(10);
  }
  console.log(collected >= 40 ? 'collected' : `only ${collected} of 50 collected`);
}

main();
