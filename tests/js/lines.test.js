// The lines of `stringify` are those of `walscope decode`, byte for byte, for what servers of every
// major have sent.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as addon from '../../node/index.js';
import * as wasm from '../../wasm/node.js';
import { capturePaths } from '../browser/captures.js';
import { buildCommand, decodeFile } from '../browser/command.js';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const command = buildCommand();
await wasm.init();

for (const file of capturePaths()) {
  for (const raw of [false, true]) {
    test(`${relative(TESTS, file)}${raw ? ', raw' : ''}`, async () => {
      const { lines, failed, problem } = decodeFile(command, file, raw ? ['--raw'] : []);
      const bytes = await readFile(file);
      for (const host of [addon, wasm]) {
        const { made, error } = linesOf(host, bytes, raw);
        assert.equal(made, lines);
        assert.equal(error !== null, failed, `${error} / ${problem}`);
        if (error !== null) assert.ok(problem.includes(error.message), `${error} / ${problem}`);
      }
    });
  }
}

/**
 * The lines that a host makes, and why there are no more.
 * @param {any} host
 * @param {Uint8Array} bytes
 * @param {boolean} raw
 */
function linesOf(host, bytes, raw) {
  let made = '';
  try {
    // Rows, not changes: those of an SQL_ASCII database cannot become objects with texts.
    const decoder = new host.Decoder({ raw });
    for (const row of decoder.push(bytes)) made += `${host.stringify(row)}\n`;
    for (const row of decoder.end()) made += `${host.stringify(row)}\n`;
    return { made, error: null };
  } catch (error) {
    return { made, error: /** @type {Error} */ (error) };
  }
}
