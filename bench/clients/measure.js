'use strict';

const MOST_SECONDS = 20;

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
      const end = () => {
        const taken = Number(process.hrtime.bigint() - start) / 1e9;
        const messages = count() - before;
        // Large messages may take longer than that.
        if (messages === 0 && taken < MOST_SECONDS) {
          setTimeout(end, Number(seconds) * 1000);
          return;
        }
        console.log('end');
        const used = process.cpuUsage(cpu);
        // Its own CPU time, in microseconds.
        const result = { messages, seconds: taken, cpu: used.user + used.system };
        process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
      };
      setTimeout(end, Number(seconds) * 1000);
    },
    Number(warmUp) * 1000
  );
}

module.exports = { measure };
