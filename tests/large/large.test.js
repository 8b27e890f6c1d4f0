// A transaction larger than memory may hold: bounded memory, nothing left behind. `index.js` beside
// this file does the same with gigabytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from './measure.js';

const MEGABYTES = 60;

// Red with a budget of memory that is never kept (`Assembler::keep_budget`), and, for what is left
// behind, with files that have names: the first reader of each slot is killed while it holds pieces.
test('a large transaction takes little memory and leaves no file', async () => {
  const results = await measure({ megabytes: MEGABYTES, kill: true });
  assert.equal(results.length, 4);
  for (const { reader, protocol, rows, peakMiB, leftBehind } of results) {
    const place = `${reader}, protocol ${protocol}`;
    assert.equal(rows, (MEGABYTES * 1_000_000) / 1000, place);
    assert.ok(peakMiB < (reader === 'command' ? 64 : 200), `${place}: ${peakMiB} MiB`);
    assert.equal(leftBehind, 0, place);
  }
});
