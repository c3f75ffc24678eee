'use strict';

// Compiles what the installed packages have of TypeScript that imports ws (sources and declarations),
// once with @types/ws and once with our types: what only ours do not compile is a fault.

const { execFileSync } = require('child_process');
const path = require('path');
const ts = require('typescript');

const root = path.join(__dirname, '..', '..');
const WITH_WS = path.join(root, 'node_modules', '@types', 'ws', 'index.d.ts');
const OURS = path.join(root, 'lib', 'index.d.ts');

/** @return {String[]} the files under `folder` that import ws */
function importers(folder) {
  const pattern = `(from|require\\(|import\\() *['"]ws['"]`;
  const options = ['-rlE', '--include=*.ts', '--include=*.mts', '--include=*.cts', pattern, '.'];
  return execFileSync('grep', options, { cwd: folder, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((file) => !/node_modules\/(@types\/)?ws\//.test(file))
    .map((file) => path.join(folder, file));
}

/** @return {Map<String, String>} what does not compile, by file, code and text */
function faults(files, types, folder) {
  const program = ts.createProgram(files, {
    allowSyntheticDefaultImports: true,
    esModuleInterop: true,
    experimentalDecorators: true,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
    paths: { ws: [types] },
    strict: true,
    target: ts.ScriptTarget.ES2022,
    typeRoots: [path.join(root, 'node_modules', '@types')],
    types: ['node']
  });
  const found = new Map();
  for (const { code, file, messageText, start } of ts.getPreEmitDiagnostics(program)) {
    const name = file ? path.relative(folder, file.fileName) : '';
    if (name.startsWith('..')) continue;
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    found.set(`${name}:${line}: TS${code}`, text);
  }
  return { found, size: program.getSourceFiles().length };
}

/**
 * @param {String} folder where the packages are installed
 * @return {Boolean} whether everything that compiles with @types/ws compiles with ours
 */
function compare(folder) {
  const files = importers(folder);
  const before = faults(files, WITH_WS, folder).found;
  const { found, size } = faults(files, OURS, folder);
  const ours = [...found].filter(([where]) => !before.has(where));
  for (const [where, text] of ours) console.log(`${where}: ${text}`);
  const sources = files.filter((file) => !/\.d\.[cm]?ts$/.test(file)).length;
  console.log(
    `types: ${sources} sources and ${files.length - sources} declarations import ws; of the ${size} files of ` +
      `the program, ${ours.length} places compile with @types/ws only`
  );
  return sources > 0 && ours.length === 0;
}

module.exports = { compare };

if (require.main === module) process.exitCode = compare(process.argv[2]) ? 0 : 1;
