// The suite of the log's reader on the addon and on WebAssembly in Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as addon from '../../node/wal.js';
import * as wasm from '../../wasm/wal-node.js';
import { load } from './wal-samples.js';
import { CASES } from './wal/index.js';

for (const { name, run } of CASES) {
  test(`addon: ${name}`, () => run({ host: addon, assert, load }));
}

test('wasm: a reader before init says so', () => {
  assert.throws(() => new wasm.WalReader(), { code: 'WALSCOPE_NOT_READY' });
});

test('wasm', async (t) => {
  await wasm.init();
  for (const { name, run } of CASES) {
    await t.test(name, () => run({ host: /** @type {any} */ (wasm), assert, load }));
  }
});
