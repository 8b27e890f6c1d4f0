/**
 * An archive of the log: every segment of a server as a file, for point-in-time recovery. What the
 * server is told is on disk is on disk, so that nothing is lost, whatever is killed when. (`walscope
 * receive` does the same, and compresses.)
 *
 *   node archive-log.js postgres://localhost/postgres /archive
 *
 * The role needs REPLICATION, and a line for the database `replication` in pg_hba.conf.
 */

import { mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, lsn } from 'walscope';

const [target = 'postgres://localhost/postgres', folder = 'archive'] = process.argv.slice(2);

/** Where the archive ends; nothing when it is empty: then the slot says where to start. */
async function endOfArchive() {
  const names = (await readdir(folder)).filter((name) => /^[0-9A-F]{24}$/.test(name));
  const last = names.sort().at(-1);
  if (last === undefined) return {};
  const size = BigInt((await stat(join(folder, last))).size);
  const [high, low] = [BigInt(`0x${last.slice(8, 16)}`), BigInt(`0x${last.slice(16)}`)];
  const number = high * (0x1_0000_0000n / size) + low;
  return { timeline: Number(`0x${last.slice(0, 8)}`), start: lsn.format((number + 1n) * size) };
}

/** Makes durable what was renamed or made in the archive. */
async function syncFolder() {
  const handle = await open(folder);
  await handle.sync();
  await handle.close();
}

/**
 * What was there of a segment stays until it is written over: it may have been reported.
 *
 * @param {string} name
 */
async function openPartial(name) {
  const path = join(folder, `${name}.partial`);
  const file = await open(path, 'r+').catch(() => open(path, 'wx'));
  await syncFolder();
  return file;
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {Uint8Array} bytes
 * @param {number} position
 */
async function writeAll(file, bytes, position) {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/**
 * @param {{ name: string, content: string }} history
 */
async function keepHistory({ name, content }) {
  const path = join(folder, name);
  const file = await open(`${path}.tmp`, 'w');
  await file.writeFile(content);
  await file.sync();
  await file.close();
  await rename(`${path}.tmp`, path);
  await syncFolder();
}

await mkdir(folder, { recursive: true });
const client = await connect(target);
const wal = await client.physical({ slot: 'archive', createSlot: true, ...(await endOfArchive()) });
const stop = () => wal.close();
process.once('SIGINT', stop).once('SIGTERM', stop);
// From here on the server does not shut down before the rest is flushed here.
wal.report({ flushed: wal.startLsn });
console.log(`receiving from ${wal.startLsn} on`);

/** The segment that is not whole yet. @type {import('node:fs/promises').FileHandle | null} */
let file = null;
/** The end of what is written to it. */
let written = wal.startLsn;

for await (const event of wal) {
  if (event.kind === 'wal') {
    file ??= await openPartial(event.segment);
    await writeAll(file, event.bytes, event.segmentOffset);
    written = event.endLsn;
    if (event.segmentOffset + event.bytes.length < wal.segmentSize) continue;
    await file.sync();
    await file.close();
    file = null;
    await rename(join(folder, `${event.segment}.partial`), join(folder, event.segment));
    await syncFolder();
    wal.report({ flushed: written });
    console.log(`kept ${event.segment}`);
    continue;
  }
  // The server wants to know how far we are, or a timeline has ended: its last segment stays partial.
  await file?.sync();
  wal.report({ flushed: written });
  if (event.kind === 'timeline') {
    await file?.close();
    file = null;
    written = event.startLsn;
    await keepHistory(event.history);
    console.log(`kept ${event.history.name}`);
  }
}

await file?.close();
await client.close();
