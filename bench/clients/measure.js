'use strict';

/**
 * Prints "start" and "end" around a measurement, then one line of JSON, and ends the process.
 *
 * @param {function(): Number} count the messages so far
 * @param {(Number|String)} warmUp seconds
 * @param {(Number|String)} seconds of the measurement
 */
function measure(count, warmUp, seconds) {
  setTimeout(
    () => {
      const before = count();
      const cpu = process.cpuUsage();
      const start = process.hrtime.bigint();
      console.log('start');
      setTimeout(
        () => {
          console.log('end');
          const used = process.cpuUsage(cpu);
          const result = {
            messages: count() - before,
            seconds: Number(process.hrtime.bigint() - start) / 1e9,
            // Its own CPU time, in microseconds.
            cpu: used.user + used.system
          };
          process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
        },
        Number(seconds) * 1000
      );
    },
    Number(warmUp) * 1000
  );
}

module.exports = { measure };
