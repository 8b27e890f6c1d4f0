// The example archive-log.js: the archive is what the server has, also after kills, and nothing is
// reported that is not in it.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { lsn } from '../../../node/index.js';
import { WalReader } from '../../../node/wal.js';
import { until, withExample } from './program.js';

const SEGMENT = 16n * 1024n * 1024n;
const KILLS = 3;

const setting = withExample('archive-log.js', 'CREATE TABLE t (body text)');

const archive = () => join(setting.folder, 'archive');

/** Fills the rest of a segment, and a part of the next one. */
async function fill() {
  await setting.server.sql(`INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 3000)`);
  await setting.server.sql('SELECT pg_switch_wal()');
  await setting.server.sql(`INSERT INTO t SELECT repeat('y', 1000) FROM generate_series(1, 500)`);
}

async function restartLsn() {
  const query = `SELECT restart_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = 'archive'`;
  const [row] = await setting.server.sql(query);
  return lsn.parse(row.lsn);
}

/** What the archive has: segments that are whole, and those that are not. */
async function names() {
  const all = (await readdir(archive()).catch(() => [])).sort();
  return {
    whole: all.filter((name) => !name.includes('.')),
    partial: all.filter((name) => name.endsWith('.partial')),
  };
}

/** @param {string} name */
async function differs(name) {
  const own = await readFile(join(setting.server.dataDir, 'pg_wal', name));
  return !own.equals(await readFile(join(archive(), name)));
}

// Red with `wal.report({ flushed: written })` behind each write: the slot would let go what is in no whole
// segment, and with `wal.segmentSize` in the place of `event.segmentOffset`.
test('the archive is the log, through kills, and the slot follows it', async () => {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const program = setting.run(archive());
    await program.prints(/receiving from/);
    const { whole } = await names();
    await fill();
    await until('one more segment', async () => (await names()).whole.length > whole.length);
    await until('a part of the next', async () => (await names()).partial.length === 1);
    await program.kill();
    await setting.idle('archive');
    // What the slot lets go is in whole segments.
    const last = (await names()).whole.at(-1) ?? '';
    const end = (BigInt(`0x${last.slice(16)}`) + 1n) * SEGMENT;
    assert.ok((await restartLsn()) <= end, `${await restartLsn()} > ${end}`);
  }
  const { whole } = await names();
  assert.ok(whole.length >= KILLS);
  const numbers = whole.map((name) => Number(`0x${name.slice(16)}`));
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => Number(numbers[0]) + index),
  );
  for (const name of whole) assert.equal(await differs(name), false, name);
});

// Red without the answer to `flushWanted`: the server would wait.
test('a server that is shut down has everything in the archive', async () => {
  const program = setting.run(archive());
  await program.prints(/receiving from/);
  await fill();
  const { server } = setting;
  process.kill(Number(server.pid), 'SIGINT');
  await until('the server is down', () => server.pid === undefined);
  const { partial } = await names();
  const [name = ''] = partial;
  const reader = new WalReader({ endOfLog: 'stop' });
  const records = [...reader.push(await readFile(join(archive(), name)))];
  assert.equal(/** @type {any} */ (records.at(-1)).recordType, 'CHECKPOINT_SHUTDOWN');
  reader.free();
  await server.restart();
  await program.interrupt();
});
