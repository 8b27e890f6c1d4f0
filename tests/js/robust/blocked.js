// A process in which nothing of JavaScript runs for longer than the server waits for its replies.

import assert from 'node:assert/strict';
import { Consumer } from './process.js';

const BLOCKED_AT = 4;
/** More bytes than are kept for a consumer that is behind: the server has to wait too. */
const LAST = 20_000;
const ROW_BYTES = 1000;

/**
 * @param {import('../live/setting.js').Setting} setting
 * @param {number} seconds
 * @param {number} interval between two looks at the slot, in milliseconds
 * @returns {Promise<{ looks: number, rows: number }>} how often the slot was looked at while nothing ran
 */
export async function blocked(setting, seconds, interval) {
  const slot = await setting.slot();
  await setting.insert([1], [2], [3, BLOCKED_AT], [5]);
  const at = { row: BLOCKED_AT, act: 'block', seconds };
  const consumer = await Consumer.start(setting, slot, { until: LAST, at });
  try {
    await consumer.reached(BLOCKED_AT);
    await setting.server.sql(
      `INSERT INTO t SELECT n, repeat('x', ${ROW_BYTES}) FROM generate_series(6, ${LAST}) n`,
    );
    const samples = await consumer.samplesToItsEnd(interval);
    const { code, errors } = await consumer.ended;
    assert.equal(code, 0, errors);
    const { rows, reconnects } = await consumer.journal();
    const all = Array.from({ length: LAST }, (_, index) => index + 1);
    assert.deepEqual(rows, all);
    assert.equal(reconnects, 0);
    // At its end it lets the slot go.
    const pids = new Set(samples.map(({ pid }) => pid).filter((pid) => pid !== null));
    assert.equal(pids.size, 1, `the connections of ${[...pids]}`);
    const log = await setting.server.log();
    assert.doesNotMatch(log, /replication timeout/);
    assert.deepEqual(consumer.confirmedTooMuch(samples), []);
    const during = samples.filter(({ journal }) => journal.rows.at(-1) === BLOCKED_AT);
    return { looks: during.length, rows: rows.length };
  } finally {
    await consumer.remove();
  }
}
