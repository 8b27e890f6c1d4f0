// The decoder's suite on WebAssembly in Node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as host from '../../wasm/node.js';
import { load } from './captures.js';
import { CASES } from './decoder/index.js';

test('wasm: a decoder before init says so', () => {
  assert.throws(() => new host.Decoder(), { code: 'WALSCOPE_NOT_READY' });
});

test('wasm', async (t) => {
  await host.init();
  for (const { name, run } of CASES) {
    await t.test(name, () => run({ host: /** @type {any} */ (host), assert, load }));
  }
});
