// Connections and streams by the hundred leave nothing behind, however they end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withServer } from '../live/setting.js';
import { jsonOf } from './process.js';

const LEAKS = fileURLToPath(new URL('leaks.js', import.meta.url));
const SLOTS = 12;
const ROUNDS = 8;
const MIB = 1024 * 1024;
/** Machines may be busy with other things. */
const PATIENCE_MS = 540_000;

const setting = withServer();

// Red, by what is counted:
// - files: without `impl Drop` of RawStream (node/src/stream.rs) and of Stream (native/src/stream/mod.rs),
//   for what is dropped;
// - listeners: without `removeEventListener` in `#close` of feed.js and in `unlessAborted` of client.js;
// - resources: without `clearTimeout` in `#hurry` of feed.js;
// - memory: when anything keeps the iterators (`constructor` of StreamEnd), which have the last batch.
test('what has ended leaves no file, thread, timer, listener or memory', async () => {
  const slots = [];
  for (let n = 0; n < SLOTS; n += 1) slots.push(await setting.slot());
  await setting.server.sql(
    `INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n`,
  );
  const args = ['--expose-gc', LEAKS, setting.server.url(), slots.join(), String(ROUNDS)];
  const report = await jsonOf(args, PATIENCE_MS);
  assert.ok(Object.keys(report).length > 10);
  for (const [way, { before, after }] of Object.entries(report)) {
    for (const what of ['files', 'threads', 'resources', 'listeners']) {
      const told = `${way}: ${what} were ${before[what]}, are ${after[what]}`;
      if (typeof after[what] === 'number') assert.ok(after[what] <= before[what], told);
      else assert.equal(after[what], before[what], told);
    }
    const grown = (after.held - before.held) / MIB;
    assert.ok(grown < 1, `${way}: ${grown} MiB more after ${ROUNDS} rounds`);
  }
});
