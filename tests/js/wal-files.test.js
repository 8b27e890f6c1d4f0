// Segment files in a directory.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lsn, readWal, walStats } from '../../node/wal.js';
import { startServer } from '../harness/postgres.js';
import { rejection } from './decoder/helpers.js';
import { load } from './wal-samples.js';
import { sample } from './wal/samples.js';

const MEGABYTE = 2 ** 20;

/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walscope-wal-'));
});

after(() => rm(folder, { recursive: true }));

/**
 * The files of a sample in a directory.
 *
 * @param {string} name
 * @param {string} below
 */
async function unpack(name, below) {
  const found = await sample(load, name);
  const directory = join(folder, below);
  await mkdir(directory, { recursive: true });
  for (const [file, bytes] of found.files) await writeFile(join(directory, file), bytes);
  return { found, directory };
}

/**
 * The lines of all records.
 *
 * @param {string | string[]} path
 * @param {object} [options]
 */
async function lines(path, options) {
  const all = [];
  for await (const batch of readWal(path, options))
    for (const record of batch) all.push(`${record}`);
  return all;
}

test('a directory: the newest timeline, and the one that it came from', async () => {
  for (const major of [14, 18]) {
    const { found, directory } = await unpack(`${major}/promote_tli2`, `promoted-${major}`);
    const second = found.dump.replace(/\n$/, '').split('\n');
    const names = [...found.files.keys()].filter((name) => /^00000002[0-9A-F]{16}$/.test(name));
    const first = names.sort()[0] ?? '';
    const start = lsn.format(BigInt(`0x${first.slice(16)}`) * BigInt(MEGABYTE));
    assert.deepEqual(await lines(directory, { start }), second);

    // The history says that timeline 1 leads to 2.
    const history = second.find((line) => line.includes('END_OF_RECOVERY'));
    const at = /lsn: ([0-9A-F]+)\/0*([0-9A-F]+)/.exec(history ?? '');
    const text = `1\t${at?.[1]}/${at?.[2]}\tno recovery target specified\n`;
    await writeFile(join(directory, '00000002.history'), text);
    const before = (await sample(load, `${major}/promote_tli1`)).dump
      .replace(/\n$/, '')
      .split('\n');
    const all = await lines(directory);
    assert.deepEqual(all.slice(-second.length), second);
    assert.ok(all.length >= second.length);
    const ends = await rejection(lines(directory, { timeline: 1 }));
    assert.equal(ends.code, 'WALSCOPE_WAL_END');
    const first1 = await lines(directory, { timeline: 1, endOfLog: 'stop' });
    assert.deepEqual(first1.slice(-before.length), before);
  }
});

test('files, in their order', async () => {
  const { found, directory } = await unpack('18/contrecord', 'files');
  const paths = found.segments.map(({ name }) => join(directory, name));
  const all = await lines(paths);
  assert.deepEqual(all, found.dump.replace(/\n$/, '').split('\n'));
  const alone = await lines(/** @type {string} */ (paths[0]));
  assert.deepEqual(alone, all.slice(0, alone.length));
  assert.ok(alone.length < all.length);
});

test('a part of the log, by its positions', async () => {
  const { directory } = await unpack('16/contrecord', 'part');
  const records = [];
  for await (const batch of readWal(directory, { endOfLog: 'stop' })) records.push(...batch);
  const half = records.length >>> 1;
  const [from, to] = [records[half], records[half + 500]];
  const part = await lines(directory, { start: from?.startLsn, end: to?.startLsn });
  assert.deepEqual(part, records.slice(half, half + 500).map(String));
  const none = await rejection(lines(directory, { start: '7/0' }));
  assert.match(none.message, /^the segment with 7\/0 is missing in /);
  assert.match(none.hint, /begin at 0\//);
});

test('what is missing of a log is an error behind what there is', async () => {
  const { found, directory } = await unpack('17/contrecord', 'gap');
  const names = [...found.files.keys()].filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
  const [first = '', second = '', third = ''] = names;
  assert.ok(third !== '');
  await unlink(join(directory, second));
  let count = 0;
  const gap = await rejection(
    (async () => {
      for await (const batch of readWal(directory)) count += batch.length;
    })(),
  );
  assert.match(gap.message, /^the segment with 0\/[0-9A-F]+00000 is missing in /);
  assert.equal(gap.code, 'WALSCOPE_IO');
  assert.ok(count > 500, `${count} records come before`);

  await truncate(join(directory, first), 5 * 8192);
  count = 0;
  const short = await rejection(
    (async () => {
      for await (const batch of readWal(directory)) count += batch.length;
    })(),
  );
  assert.match(short.message, /has 40960 bytes of 1048576$/);
  assert.ok(count > 10);

  const empty = await rejection(lines(join(folder)));
  assert.match(empty.message, /^there are no WAL segments in /);
  await writeFile(join(folder, `${first}.gz`), 'packed');
  const packed = await rejection(lines(folder));
  assert.match(packed.message, /are compressed: [0-9A-F]{24}\.gz$/);
  assert.equal((await rejection(lines(join(folder, 'nowhere')))).code, 'ENOENT');
});

test('options of the wrong kind are refused at once', () => {
  assert.throws(() => readWal(folder, /** @type {any} */ ({ input: '0/0' })), {
    code: 'WALSCOPE_BAD_OPTION',
  });
  assert.throws(() => readWal([]), { code: 'WALSCOPE_BAD_OPTION' });
});

/**
 * A server prints times in another way than pg_waldump.
 *
 * @param {string} text
 */
function withoutTime(text) {
  return text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?( UTC|\+00)/, 'TIME');
}

test("a running server's log is what pg_walinspect says", async () => {
  const server = await startServer({ major: 18 });
  try {
    await server.sql('CREATE EXTENSION pg_walinspect');
    const [{ start }] = await server.sql('SELECT pg_current_wal_flush_lsn()::text AS start');
    await server.sql('CREATE TABLE t (id int PRIMARY KEY, body text)');
    await server.sql(
      "INSERT INTO t SELECT n, repeat('x', n % 900) FROM generate_series(1, 20000) n",
    );
    await server.sql('UPDATE t SET body = body || id WHERE id % 3 = 0');
    await server.sql('DELETE FROM t WHERE id % 7 = 0');
    await server.sql('VACUUM FREEZE t');
    const [{ end }] = await server.sql('SELECT pg_current_wal_flush_lsn()::text AS end');
    const expected = await server.sql(
      `SELECT start_lsn, end_lsn, prev_lsn, xid, resource_manager, record_type, record_length,
         main_data_length, fpi_length, description
       FROM pg_get_wal_records_info('${start}', '${end}')`,
    );
    const options = { start, end, endOfLog: /** @type {const} */ ('stop') };
    let count = 0;
    for await (const batch of readWal(server.dataDir, options)) {
      for (const record of batch) {
        const row = expected[count];
        if (row === undefined) break;
        const { startLsn, endLsn, prevLsn, xid, resourceManager, recordType } = record;
        assert.deepEqual(
          [startLsn, endLsn, prevLsn, `${xid}`, resourceManager, recordType],
          [
            row.start_lsn,
            row.end_lsn,
            row.prev_lsn,
            row.xid,
            row.resource_manager,
            row.record_type,
          ],
        );
        const lengths = [record.recordLength, record.mainDataLength, record.fpiLength];
        assert.deepEqual(lengths, [row.record_length, row.main_data_length, row.fpi_length]);
        assert.equal(withoutTime(record.description), withoutTime(row.description ?? ''));
        count += 1;
      }
    }
    assert.equal(count, expected.length);
    assert.ok(count > 30_000, `${count} records`);
    // Without an end the log ends where the server has come to.
    let last = '';
    for await (const batch of readWal(server.dataDir, { start, endOfLog: 'stop' })) {
      last = batch.endLsn ?? last;
    }
    assert.ok(lsn.compare(last, end) >= 0);
  } finally {
    await server.stop();
  }
});

test('statistics of a directory are those of its bytes', async () => {
  const { found, directory } = await unpack('18/consistency', 'counted');
  const counted = await walStats(directory, { by: 'record', endOfLog: 'stop' });
  assert.equal(counted.table, found.statsByRecord);
  const paths = found.segments.map(({ name }) => join(directory, name));
  assert.equal((await walStats(paths, { endOfLog: 'stop' })).table, found.stats);
  const missing = await rejection(walStats(join(folder, 'nowhere')));
  assert.equal(missing.code, 'ENOENT');
});
