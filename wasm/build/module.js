// Makes wasm/pkg from cargo's output: glue by wasm-bindgen, then the optimizer, then a copy of the
// module as text for hosts that cannot load files.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { run, say } from './run.js';
import { wasmBindgen, wasmOpt } from './tools.js';

const OUT = fileURLToPath(new URL('../pkg', import.meta.url));
// The optimizer takes the features from the module itself, where rustc noted them.
const STRIP = ['--strip-debug', '--strip-producers', '--strip-target-features'];

/**
 * @typedef {object} Module
 * @property {string} name of its files
 * @property {string[]} optimize the optimizer's options
 */

/**
 * @param {string} built the module that cargo wrote
 * @param {Module} module
 */
export async function packageModule(built, { name, optimize }) {
  const bindgen = await wasmBindgen();
  const opt = await wasmOpt();
  const stamp = fingerprint(
    [built, fileURLToPath(import.meta.url)],
    [bindgen.version, opt.version, ...optimize],
  );
  const wasm = join(OUT, `${name}_bg.wasm`);
  if (!isCurrent(name, stamp)) {
    rmSync(stampFile(name), { force: true });
    mkdirSync(OUT, { recursive: true });
    run(bindgen.program, [
      '--target',
      'web',
      '--omit-default-module-path',
      '--out-dir',
      OUT,
      '--out-name',
      name,
      built,
    ]);
    const better = join(OUT, `${name}.wasm.new`);
    run(process.execPath, [opt.script, ...optimize, ...STRIP, wasm, '-o', better]);
    renameSync(better, wasm);
    writeInline(name, wasm);
    writeFileSync(stampFile(name), stamp);
  }
  report(wasm);
}

/** @param {string} name */
function stampFile(name) {
  return join(OUT, `${name}.built-from`);
}

/**
 * @param {string} name
 * @param {string} stamp
 */
function isCurrent(name, stamp) {
  return existsSync(stampFile(name)) && readFileSync(stampFile(name), 'utf8') === stamp;
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

/**
 * @param {string} name
 * @param {string} wasm
 */
function writeInline(name, wasm) {
  const text = readFileSync(wasm).toString('base64');
  writeFileSync(join(OUT, `${name}_inline.js`), `export default '${text}';\n`);
}

/** @param {string} wasm */
function report(wasm) {
  const bytes = readFileSync(wasm);
  const zipped = gzipSync(bytes, { level: 9 }).length;
  const kib = (/** @type {number} */ n) => `${n} bytes (${(n / 1024).toFixed(1)} KiB)`;
  say(`${basename(wasm)}: ${kib(bytes.length)}, gzip ${kib(zipped)}`);
}
