/**
 * A base backup in compressed tar files: a copy of the whole cluster, with the log that it needs, while
 * it works. It gets its name when everything is on disk, so that half a backup has none. (`walscope
 * basebackup` does the same, and more.)
 *
 *   node back-up.js postgres://localhost/postgres /backups/monday
 *   node back-up.js postgres://localhost/postgres /backups/monday 20000    at most 20000 kB a second
 *
 * `walscope verifybackup /backups/monday` checks it. Unpacked, `base.tar.gz` into an empty data directory,
 * and each tablespace's file into the place that `tablespace_map` in it names, a server starts on it.
 *
 * The role needs REPLICATION, and a line for the database `replication` in pg_hba.conf.
 */

import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { connect } from 'walscope';

const [database = 'postgres://localhost/postgres', target = 'backup', rate] = process.argv.slice(2);
const folder = resolve(target);
const unfinished = `${folder}.unfinished`;

const stopping = new AbortController();
const stop = () => stopping.abort(new Error('interrupted'));
process.once('SIGINT', stop).once('SIGTERM', stop);

const began = Date.now();

/** @param {import('walscope').BackupProgress} progress */
function showProgress({ done, total, archive }) {
  const percent = total ? Math.floor((100 * done) / total) : 100;
  const megabytes = done / 1e6;
  const speed = megabytes / Math.max((Date.now() - began) / 1000, 0.001);
  const line = `${percent}%, ${megabytes.toFixed(0)} MB, ${speed.toFixed(0)} MB/s ${archive ?? ''}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}

/** @param {string} path */
async function syncFolder(path) {
  const handle = await open(path);
  await handle.sync();
  await handle.close();
}

/** @param {import('walscope').Client} client */
async function backUp(client) {
  const backup = await client.baseBackup({
    label: folder,
    checkpoint: 'fast',
    // Tablespaces' places are told in a file, for the archives are kept as they are.
    tablespaceMap: true,
    ...(rate !== undefined && { maxRate: Number(rate) }),
    signal: stopping.signal,
    onProgress: showProgress,
    onNotice: ({ message }) => console.error(`\n${message}`),
  });
  for await (const archive of backup) {
    const packed = archive.kind !== 'manifest';
    const path = join(unfinished, packed ? `${archive.name}.gz` : archive.name);
    const file = createWriteStream(path, { mode: 0o600, flush: true });
    await (packed
      ? pipeline(archive.toReadable(), createGzip({ level: 1 }), file)
      : pipeline(archive.toReadable(), file));
  }
  await syncFolder(unfinished);
  await rename(unfinished, folder);
  await syncFolder(dirname(folder));
  return backup.end;
}

const client = await connect(database);
// Somebody else's is left alone.
await mkdir(unfinished, { mode: 0o700 });
try {
  const end = await backUp(client);
  console.log(`\nfrom ${end?.startLsn} to ${end?.endLsn}: ${folder}`);
} catch (error) {
  console.error(`\n${/** @type {Error} */ (error).message}`);
  await rm(unfinished, { recursive: true });
  process.exitCode = 1;
}
await client.close();
