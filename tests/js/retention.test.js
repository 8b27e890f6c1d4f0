// Keeping a change keeps little else: V8's cut strings and views would hold on to whole batches.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decode, Decoder } from '../../node/index.js';
import { load } from './captures.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const ROWS_PER_CAPTURE = 4000;
const MILLION = 1_000_000;
const MIB = 1024 * 1024;

/** Memory of all kinds that cannot be given back now. */
function held() {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A million narrow rows, in pieces of 1 MiB: captures can be joined. */
async function* million() {
  const one = await load('narrow');
  const joined = new Uint8Array(one.length * 4);
  for (let i = 0; i < 4; i += 1) joined.set(one, i * one.length);
  for (let rows = 0; rows < MILLION; rows += 4 * ROWS_PER_CAPTURE) yield joined;
}

/**
 * Goes through a million rows and keeps something of every thousandth.
 *
 * @param {(change: any) => unknown} pick
 */
async function keepOfMillion(pick) {
  const before = held();
  const kept = [];
  let rows = 0;
  for await (const change of decode(million())) {
    if (change.kind !== 'insert') continue;
    if (rows % 1000 === 0) kept.push(pick(change));
    rows += 1;
  }
  assert.ok(rows >= MILLION);
  const grown = held() - before;
  return { kept, grown };
}

// Red with a WINDOW_BYTES of 1 MiB in text.js.
test('rows that are kept hold no batches', async () => {
  const { kept, grown } = await keepOfMillion((change) => change.new);
  assert.ok(kept.length >= 1000);
  assert.ok(grown < 32 * MIB, `${kept.length} rows hold ${grown / MIB} MiB`);
});

// Red when a window has the batch's bytes or index words instead of copies of its part.
test('changes that are kept hold no batches', async () => {
  const { kept, grown } = await keepOfMillion((change) => change);
  assert.ok(kept.length >= 1000);
  assert.ok(grown < 64 * MIB, `${kept.length} changes hold ${grown / MIB} MiB`);
});

// Red when TextSource makes its string of the whole batch.
test('texts of the cursor that are kept hold no batches', async () => {
  const before = held();
  const kept = [];
  const decoder = new Decoder();
  let rows = 0;
  for await (const piece of million()) {
    for (const row of decoder.push(piece)) {
      if (row.kind !== 'insert') continue;
      if (rows % 1000 === 0) kept.push(row.get('email'));
      rows += 1;
    }
  }
  const grown = held() - before;
  assert.ok(rows >= MILLION);
  assert.ok(grown < 32 * MIB, `${kept.length} texts hold ${grown / MIB} MiB`);
});
