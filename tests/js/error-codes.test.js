// The union `ErrorCode` lists every code that walscope's sources have, and no other.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = [
  'node',
  'node/backup',
  'node/src',
  'node/decoding',
  'node/physical',
  'node/wal',
  'native/src',
  'wasm',
];
const CODE = /['"](WALSCOPE_[A-Z_0-9]+)['"]/g;

/** @param {string} text */
function codesIn(text) {
  return [...text.matchAll(CODE)].map((match) => String(match[1]));
}

test('every error code is in the exported union', async () => {
  const used = new Set();
  for (const folder of FOLDERS) {
    for (const name of await readdir(join(ROOT, folder))) {
      if (!/\.(js|rs)$/.test(name)) continue;
      for (const code of codesIn(await readFile(join(ROOT, folder, name), 'utf8'))) used.add(code);
    }
  }
  const types = await readFile(join(ROOT, 'node/decoding/types.d.ts'), 'utf8');
  const union = types.slice(types.indexOf('export type ErrorCode'));
  const declared = codesIn(union.slice(0, union.indexOf(';')));
  assert.deepEqual(declared, [...used].sort());
});
