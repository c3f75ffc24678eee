'use strict';

// Reads what ThreadSanitizer says of a Node.js with the addon in it, prints the reports that are about the
// addon, and fails where there are any: node races.js LOG ...
//
// Node.js itself is not built for ThreadSanitizer. Of its code one sees only calls of the C library, none of
// its atomics: so its own hand-overs look like races. A list of suppressions would hide more than these, since
// a name in it matches anywhere in a stack. So a report is the addon's where the innermost frame of one of
// its stacks, apart from the sanitizer and the C and C++ libraries, is.

const { execFileSync } = require('child_process');
const fs = require('fs');

const LIBRARIES = /^(libtsan|libc|libstdc\+\+|libpthread|libgcc_s|ld-linux)\b/;
// What follows is about where memory and threads come from.
const ACCESS = /^ {2}(?!Location|Thread|Mutex|As if|Hint)\S.*:$/;

// The stacks of what happened, each a list of { module, offset, line }.
function stacksOf(report) {
  const stacks = [];
  let stack;
  for (const line of report.split('\n')) {
    const frame = /^ {4}#\d+ .*\((\S+)\+0x([0-9a-f]+)\)/.exec(line);
    if (frame !== null) stack?.push({ module: frame[1], offset: frame[2] });
    else if (ACCESS.test(line)) stacks.push((stack = []));
    else if (line.trim() !== '') stack = undefined;
  }
  return stacks;
}

function isOurs(stack) {
  const innermost = stack.find(({ module }) => !LIBRARIES.test(module));
  return innermost !== undefined && /^wsuv\.node$/.test(innermost.module);
}

// The sanitizer does not know names of libraries that were loaded late.
function withNames(report, addon) {
  return report.replace(/<null> <null> \(wsuv\.node\+(0x[0-9a-f]+)\)/g, (frame, offset) => {
    const name = execFileSync('addr2line', ['-Cfpe', addon, offset], { encoding: 'utf8' });
    return name.trim();
  });
}

let ours = 0;
let others = 0;
for (const log of process.argv.slice(2)) {
  // Without a report there is no log.
  if (!fs.existsSync(log)) continue;
  for (const report of fs.readFileSync(log, 'utf8').split(/^={18}$/m)) {
    if (!report.includes('WARNING: ThreadSanitizer')) continue;
    const stacks = stacksOf(report);
    if (stacks.length === 0) throw new Error(`No stack is found in\n${report}`);
    if (stacks.some(isOurs)) {
      ours++;
      console.log(withNames(report, 'build/tsan/build/Release/wsuv.node'));
    } else {
      others++;
    }
  }
}
console.log(`${ours} reports about the addon, ${others} about Node.js alone`);
process.exitCode = ours > 0 ? 1 : 0;
