#!/usr/bin/env node
// What iterating changes costs in JavaScript: `node tests/bench/js/iterate.js [rounds]`. The capture of
// narrow rows (an int, a text, a bool) is decoded before the clock starts, so that only the facade is
// measured. A third of its texts has an `ü`; for the corpus in ASCII each becomes `ue`.

import { readFile } from 'node:fs/promises';
import { Decoder } from '../../../node/index.js';

/** @typedef {import('../../../node/index.js').Batch<any>} Batch */

const CAPTURE = new URL('../../js/fixtures/captures/narrow.walcap', import.meta.url);
const ROUNDS = Number(process.argv[2] ?? 60);
const WARM_UP = 20;

/** What is done with a batch; each returns how many changes it saw. */
const WAYS = {
  /** @param {Batch} batch */
  'cursor, 1 text column'(batch) {
    let seen = 0;
    for (const row of batch) if (row.get('email') !== null) seen += 1;
    return seen;
  },
  /** @param {Batch} batch */
  'cursor, all 3 columns'(batch) {
    let seen = 0;
    for (const row of batch) {
      row.get('id');
      row.get('email');
      row.get('active');
      seen += 1;
    }
    return seen;
  },
  /** @param {Batch} batch */
  'plain changes'(batch) {
    let seen = 0;
    for (const change of batch.changes()) if (change.kind !== 'error') seen += 1;
    return seen;
  },
};

/** @param {Batch} batch */
async function forAwait(batch) {
  const changes = batch.changes();
  const stream = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(changes.next()) }),
  };
  let seen = 0;
  for await (const change of stream) if (change.kind !== 'error') seen += 1;
  return seen;
}

/**
 * A batch of ten times the capture.
 *
 * @param {Uint8Array} bytes
 */
function batchOf(bytes) {
  const joined = new Uint8Array(bytes.length * 10);
  for (let i = 0; i < 10; i += 1) joined.set(bytes, i * bytes.length);
  return new Decoder().push(joined);
}

/** @param {Uint8Array} bytes */
function inAscii(bytes) {
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\xc3\xbc', 'ue');
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

const bytes = new Uint8Array(await readFile(CAPTURE));
const corpora = { 'a third outside ASCII': batchOf(bytes), ASCII: batchOf(inAscii(bytes)) };
for (const [corpus, batch] of Object.entries(corpora)) {
  console.log(`${corpus}:`);
  for (const [name, way] of Object.entries({ ...WAYS, 'plain changes, for await': forAwait })) {
    for (let i = 0; i < WARM_UP; i += 1) await way(batch);
    /** @type {number[]} */
    const times = [];
    let changes = 0;
    for (let i = 0; i < ROUNDS; i += 1) {
      const start = process.hrtime.bigint();
      changes = await way(batch);
      times.push(Number(process.hrtime.bigint() - start));
    }
    times.sort((a, b) => a - b);
    const [best, median] = [0, Math.floor(ROUNDS / 2)].map((i) => (times[i] ?? 0) / changes);
    console.log(
      `  ${name.padEnd(26)} ${best?.toFixed(0)} ns a change (median ${median?.toFixed(0)})`,
    );
  }
}
