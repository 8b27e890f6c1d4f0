// A log of version 15 to be read: inserts, updates, deletes, indexes.

import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../../harness/postgres.js';

/**
 * The segments that a workload fills, in a folder.
 *
 * @param {string} folder
 * @param {number} segments of 16 MiB
 * @returns {Promise<string[]>} the first and the last segment's name
 */
export async function writeSegments(folder, segments) {
  const settings = { wal_keep_size: '8GB', max_wal_size: '8GB', fsync: 'off' };
  const server = await startServer({ major: 15, settings });
  try {
    await server.sql('CREATE TABLE t (id serial PRIMARY KEY, a int, b text, c timestamptz)');
    await server.sql('CREATE INDEX ON t (a)');
    await server.sql('CREATE INDEX ON t USING gin (to_tsvector($$simple$$, b))');
    const current = async () =>
      (await server.sql('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name'))[0].name;
    const first = await current();
    const number = (/** @type {string} */ name) => parseInt(name.slice(16), 16);
    while (number(await current()) < number(first) + segments) {
      await server.sql(`INSERT INTO t (a, b, c)
        SELECT n % 977, 'word' || n % 5000 || ' and ' || n, now() FROM generate_series(1, 5000) n`);
      await server.sql(
        'UPDATE t SET a = a + 1 WHERE id % 7 = 0 AND id > (SELECT max(id) - 5000 FROM t)',
      );
      await server.sql('DELETE FROM t WHERE id % 11 = 0 AND id < (SELECT max(id) - 5000 FROM t)');
    }
    const names = (await readdir(join(server.dataDir, 'pg_wal'))).sort();
    const wanted = names.filter((name) => name >= first && /^[0-9A-F]{24}$/.test(name));
    const whole = wanted.slice(0, segments);
    for (const name of whole) await cp(join(server.dataDir, 'pg_wal', name), join(folder, name));
    return [whole[0] ?? '', whole.at(-1) ?? ''];
  } finally {
    await server.stop();
  }
}
