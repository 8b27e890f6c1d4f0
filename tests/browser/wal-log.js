// A log of some size, written by a server, and what the server says of it.

import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer } from '../harness/postgres.js';

const SEGMENT = 16;

/**
 * @typedef {object} Log
 * @property {string[]} paths of its segments
 * @property {string} start
 * @property {string} end
 * @property {Record<string, any>[]} managers what pg_walinspect counts for each resource manager
 * @property {Record<string, any>[]} kinds the same for each kind of record
 * @property {() => Promise<void>} remove
 */

/**
 * Writes a log of so many MiB: whole segments, the last of which ends with a switch.
 * @param {number} megabytes
 * @returns {Promise<Log>}
 */
export async function writeLog(megabytes) {
  const folder = await mkdtemp(join(tmpdir(), 'walscope-log-'));
  const settings = { wal_keep_size: '8GB', max_wal_size: '8GB', fsync: 'off', autovacuum: 'off' };
  const server = await startServer({ major: 18, settings });
  try {
    await server.sql('CREATE EXTENSION pg_walinspect');
    await server.sql('CREATE TABLE t (id serial PRIMARY KEY, a int, b text)');
    await server.sql('CREATE INDEX ON t (a)');
    await server.sql('SELECT pg_switch_wal()');
    const current = async () =>
      (await server.sql('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name'))[0].name;
    await server.sql('SELECT pg_logical_emit_message(true, $$mark$$, $$first$$)');
    const first = await current();
    const number = (/** @type {string} */ name) => Number.parseInt(name.slice(8), 16);
    const size = megabytes / SEGMENT;
    for (let round = 0; number(await current()) < number(first) + size - 1; round += 1) {
      await server.sql(`INSERT INTO t (a, b)
        SELECT n % 977, repeat(md5(n::text), 1 + n % 9) FROM generate_series(1, 8000) n`);
      await server.sql(
        'UPDATE t SET a = a + 1 WHERE id % 9 = 0 AND id > (SELECT max(id) - 8000 FROM t)',
      );
      if (round % 4 === 0) await server.sql('CHECKPOINT');
    }
    const last = await current();
    await server.sql('SELECT pg_switch_wal()');
    await server.sql('SELECT pg_logical_emit_message(true, $$mark$$, $$behind$$)');
    const [{ start, end }] = await server.sql(`SELECT
      (pg_split_walfile_name('${first}')).segment_number * 16777216 + '0/0'::pg_lsn AS start,
      ((pg_split_walfile_name('${last}')).segment_number + 1) * 16777216 + '0/0'::pg_lsn AS end`);
    const stats = (/** @type {boolean} */ byRecord) =>
      server.sql(`SELECT "resource_manager/record_type" AS name, count, record_size, fpi_size
        FROM pg_get_wal_stats('${start}', '${end}', ${byRecord}) WHERE count > 0`);
    const [managers, kinds] = [await stats(false), await stats(true)];
    const wal = join(server.dataDir, 'pg_wal');
    const names = (await readdir(wal)).filter((name) => name >= first && name <= last);
    const segments = names.filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
    for (const name of segments) await cp(join(wal, name), join(folder, name));
    return {
      paths: segments.map((name) => join(folder, name)),
      start,
      end,
      managers,
      kinds,
      remove: () => rm(folder, { recursive: true }),
    };
  } finally {
    await server.stop();
  }
}
