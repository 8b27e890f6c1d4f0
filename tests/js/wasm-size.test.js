// The module that browsers fetch stays small.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const MODULE = new URL('../../wasm/pkg/walscope_bg.wasm', import.meta.url);
const LIMIT = 150_000;

test('the half for pgoutput is under 150 KB, gzipped', async () => {
  const size = gzipSync(await readFile(MODULE), { level: 9 }).length;
  assert.ok(size < LIMIT, `${size} bytes`);
});
