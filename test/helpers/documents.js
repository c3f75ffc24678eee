'use strict';

// The programs in the documents, and how they are run.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');

/** All documents, as paths from the root. */
function documents() {
  const found = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md'];
  for (const name of fs.readdirSync(path.join(root, 'docs'), { recursive: true })) {
    if (name.endsWith('.md')) found.push(path.join('docs', name));
  }
  return found.sort();
}

/** A document's text. */
function textOf(document) {
  return fs.readFileSync(path.join(root, document), 'utf8');
}

/**
 * The programs of a document.
 *
 * A program that says `// prints: ...` ends by itself, and prints that. One without is a server that
 * serves until it is stopped, or a client of one.
 *
 * @param {String} document
 * @return {Array<{title: String, code: String, isModule: Boolean, isOurs: Boolean, prints: String[]}>}
 */
function programsOf(document) {
  const text = textOf(document);
  return [...text.matchAll(/^```(js|mjs)( wsuv)?\n([^]*?)^```$/gm)].map((match) => {
    const [, language, ours, code] = match;
    const line = text.slice(0, match.index).split('\n').length;
    return {
      title: `${document}:${line}`,
      code,
      isModule: language === 'mjs',
      isOurs: ours !== undefined,
      prints: [...code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, printed]) => printed)
    };
  });
}

// The documents name ports, and a test takes a free one.
function atAnyPort(code, port) {
  const server = /\bweb\.listen\(/.test(code) ? 'web' : 'server';
  const url = port ?? `\${${server}.address().port}`;
  return code
    .replace(/(['`])((?:https?|wss?):\/\/localhost:)8080([^'`]*)['`]/g, `\`$2${url}$3\``)
    .replace(/\bport: 8080\b/g, 'port: 0')
    .replace(/\blisten\(8080\b/g, 'listen(0');
}

/**
 * Starts a program.
 *
 * @param {Object} program
 * @param {Object} [options]
 * @param {String} [options.library] what stands for 'wsuv': itself or ws, so that what is said of both
 *     is tried with both
 * @param {Number} [options.port] of the server that a client is to find
 * @param {String} [options.append] code to run behind it
 * @return {ChildProcess} with `output` and `errors`, which grow
 */
function start({ code, isModule }, { library = 'wsuv', port, append = '' } = {}) {
  const child = spawn(
    process.execPath,
    [
      `--input-type=${isModule ? 'module' : 'commonjs'}`,
      '--eval',
      `${atAnyPort(code.replaceAll("'wsuv'", `'${library}'`), port)}\n${append}`
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }
  );
  child.output = child.errors = '';
  child.stdout.on('data', (chunk) => (child.output += chunk));
  child.stderr.on('data', (chunk) => (child.errors += chunk));
  return child;
}

module.exports = { documents, programsOf, start, textOf };
