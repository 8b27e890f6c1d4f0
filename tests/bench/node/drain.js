#!/usr/bin/env node
// Draining a backlog in Node, beside pg-logical-replication:
//
//   node tests/bench/node/drain.js [--rows 1000000] [--rounds 5] [--socket]
//   node tests/bench/node/drain.js --slow 30
//
// Each consumer is a process of its own against one server; they take turns. Printed is the median of
// the rounds, with minimum and maximum; a first round counts for nothing. CPU is user and system time
// of the process from its start, wall time runs from before connecting. All must have read the same
// values. With `--socket` they connect over the server's Unix-domain socket. With `--slow`, seconds, they take a hundredth of the rows that the server could send, and only
// memory is of interest.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startServer } from '../../harness/postgres.js';
import { spread } from './spread.js';

/** @typedef {{ seen: number, checksum: number, wall: number, cpu: number, peak: number }} Result */

const CONSUME = fileURLToPath(new URL('consume.js', import.meta.url));
const NAMES = {
  incumbent: 'pg-logical-replication, as it comes',
  'incumbent-by-commit': 'pg-logical-replication, confirming each commit',
  'incumbent-flow-control': 'pg-logical-replication, the same with flow control',
  changes: 'walscope, for await',
  batches: 'walscope, batches()',
};
const ROWS_OF_TRANSACTION = 1000;
/** A hundredth of what a server sends on two cores. */
const SLOW_ROWS_PER_SECOND = 1500;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    slow: { type: 'string' },
    socket: { type: 'boolean', default: false },
  },
});
const slowSeconds = values.slow === undefined ? null : Number(values.slow);
const [rows, rounds] = [Number(values.rows), Number(values.rounds)];

const server = await startServer({
  major: 18,
  settings: { shared_buffers: '256MB', max_wal_size: '16GB', fsync: 'off', autovacuum: 'off' },
});

/**
 * @param {string} contender
 * @returns {Promise<Result>}
 */
async function run(contender) {
  await server.sql("SELECT pg_copy_logical_replication_slot('source', 'drain')");
  const limit =
    slowSeconds === null
      ? [String(rows)]
      : [slowSeconds * SLOW_ROWS_PER_SECOND, SLOW_ROWS_PER_SECOND];
  const url = server.url(values.socket ? { host: encodeURIComponent(server.folder) } : {});
  const command = [CONSUME, contender, url, 'drain', ...limit.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  // The server notices a moment later that a consumer is gone.
  for (;;) {
    const [slot] = await server.sql(
      "SELECT active FROM pg_replication_slots WHERE slot_name = 'drain'",
    );
    if (!slot.active) break;
  }
  await server.sql("SELECT pg_drop_replication_slot('drain')");
  return JSON.parse(stdout);
}

/**
 * @param {number[]} figures
 * @param {number} digits
 */
function show(figures, digits) {
  const { median, least, most } = spread(figures);
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

try {
  await server.sql('CREATE TABLE t (id int PRIMARY KEY, body text, active bool)');
  await server.sql('CREATE PUBLICATION p FOR TABLE t');
  await server.sql("SELECT pg_create_logical_replication_slot('source', 'pgoutput')");
  await server.sql(`DO $$ BEGIN
    FOR block IN 0 .. ${rows / ROWS_OF_TRANSACTION - 1} LOOP
      INSERT INTO t SELECT n, repeat(chr(97 + n % 26), 100), n % 3 = 0
        FROM generate_series(block * ${ROWS_OF_TRANSACTION} + 1, (block + 1) * ${ROWS_OF_TRANSACTION}) n;
      COMMIT;
    END LOOP; END $$`);
  const contenders = Object.entries(NAMES);
  /** @type {Map<string, Result[]>} */
  const results = new Map(contenders.map(([name]) => [name, []]));
  for (
    let round = slowSeconds === null ? 0 : 1;
    round <= (slowSeconds === null ? rounds : 1);
    round += 1
  ) {
    for (const [contender] of contenders) {
      const result = await run(contender);
      if (round > 0) results.get(contender)?.push(result);
    }
  }
  console.log(
    '| contender | CPU s | wall s | peak MiB | rows | checksum |\n|---|--:|--:|--:|--:|--:|',
  );
  for (const [contender, name] of contenders) {
    const all = results.get(contender) ?? [];
    const [first] = all;
    const sums = new Set(all.map(({ checksum }) => checksum));
    assert.equal(sums.size, 1);
    const columns = [
      show(
        all.map(({ cpu }) => cpu),
        2,
      ),
      show(
        all.map(({ wall }) => wall),
        2,
      ),
      show(
        all.map(({ peak }) => peak),
        0,
      ),
      first?.seen,
      first?.checksum,
    ];
    console.log(`| ${name} | ${columns.join(' | ')} |`);
  }
  if (slowSeconds === null) {
    const sums = new Set([...results.values()].flat().map(({ checksum }) => checksum));
    assert.equal(sums.size, 1, 'the consumers have read different values');
  }
} finally {
  await server.stop();
}
