// Makes wasm/pkg from cargo's output: glue by wasm-bindgen, then the optimizer, then a copy of the
// module as text for hosts that cannot load files.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { run, say } from './run.js';
import { wasmBindgen, wasmOpt } from './tools.js';

const OUT = fileURLToPath(new URL('../pkg', import.meta.url));
const NAME = 'walscope';
// The optimizer takes the features from the module itself, where rustc noted them.
const OPTIMIZE = ['-Oz', '--strip-debug', '--strip-producers', '--strip-target-features'];

/** @param {string} built the module that cargo wrote */
export async function packageModule(built) {
  const bindgen = await wasmBindgen();
  const opt = await wasmOpt();
  const stamp = fingerprint(
    [built, fileURLToPath(import.meta.url)],
    [bindgen.version, opt.version],
  );
  const wasm = join(OUT, `${NAME}_bg.wasm`);
  if (!isCurrent(stamp)) {
    rmSync(OUT, { recursive: true, force: true });
    mkdirSync(OUT, { recursive: true });
    run(bindgen.program, [
      '--target',
      'web',
      '--omit-default-module-path',
      '--out-dir',
      OUT,
      '--out-name',
      NAME,
      built,
    ]);
    const smaller = join(OUT, 'smaller.wasm');
    run(process.execPath, [opt.script, ...OPTIMIZE, wasm, '-o', smaller]);
    renameSync(smaller, wasm);
    writeInline(wasm);
    writeFileSync(stampFile(), stamp);
  }
  report(wasm);
}

function stampFile() {
  return join(OUT, 'built-from');
}

/** @param {string} stamp */
function isCurrent(stamp) {
  return existsSync(stampFile()) && readFileSync(stampFile(), 'utf8') === stamp;
}

/**
 * @param {string[]} files
 * @param {string[]} versions
 */
function fingerprint(files, versions) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.update(versions.join()).digest('hex');
}

/** @param {string} wasm */
function writeInline(wasm) {
  const text = readFileSync(wasm).toString('base64');
  writeFileSync(join(OUT, `${NAME}_inline.js`), `export default '${text}';\n`);
}

/** @param {string} wasm */
function report(wasm) {
  const bytes = readFileSync(wasm);
  const zipped = gzipSync(bytes, { level: 9 }).length;
  const kib = (/** @type {number} */ n) => `${n} bytes (${(n / 1024).toFixed(1)} KiB)`;
  say(`pkg/${NAME}_bg.wasm: ${kib(bytes.length)}, gzip ${kib(zipped)}`);
}
