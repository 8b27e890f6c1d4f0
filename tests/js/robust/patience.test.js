// Consumers that keep the server waiting: blocked for long, or slow with much to come.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withServer } from '../live/setting.js';
import { blocked } from './blocked.js';
import { Consumer } from './process.js';

const MIB = 1024 * 1024;
const TRANSACTIONS = 1000;
const ROWS = 100;
/** Where the slow one has seen enough. */
const LAST = 5000;

const setting = withServer({ settings: { wal_sender_timeout: '1500ms' } });

// Red when `keep_time` in driver.rs does nothing while the buffer is full.
test('a blocked event loop keeps its connection and loses nothing', async () => {
  const { looks } = await blocked(setting, 4, 100);
  assert.ok(looks > 1);
});

// Red with a BUFFER_LIMIT in driver.rs that is never reached.
test('a consumer a hundred times slower than the server takes little memory', async () => {
  const slot = await setting.slot();
  await setting.server.sql(`DO $$ BEGIN
    FOR n IN 0..${TRANSACTIONS - 1} LOOP
      INSERT INTO t SELECT n * ${ROWS} + m, repeat('x', 1000) FROM generate_series(1, ${ROWS}) m;
      COMMIT;
    END LOOP;
  END $$`);
  const pause = { rows: 20, milliseconds: 8 };
  const consumer = await Consumer.start(setting, slot, { until: LAST, pause });
  try {
    const samples = await consumer.samplesToItsEnd(100);
    const { code, errors } = await consumer.ended;
    assert.equal(code, 0, errors);
    const { rows, memory } = await consumer.journal();
    assert.deepEqual(
      rows,
      Array.from({ length: LAST }, (_, index) => index + 1),
    );
    assert.deepEqual(consumer.confirmedTooMuch(samples), []);
    assert.ok(new Set(samples.map(({ confirmed }) => confirmed)).size > 2);
    const grown = (/** @type {number} */ which) => {
      const sizes = memory.map((sizesNow) => Number(sizesNow[which]));
      return (Math.max(...sizes) - Number(sizes[0])) / MIB;
    };
    assert.ok(grown(0) < 48, `${grown(0)} MiB more of resident memory`);
    assert.ok(grown(1) < 16, `${grown(1)} MiB more that JavaScript holds`);
    const buffered = Math.max(...memory.map((sizesNow) => Number(sizesNow[2])));
    // A read that begins below the limit may fill all that the buffer has grown to.
    assert.ok(buffered < 8 * MIB, `${buffered} bytes wait`);
  } finally {
    await consumer.remove();
  }
});
