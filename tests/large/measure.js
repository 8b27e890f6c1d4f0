// Runs a transaction of any size through each reader, in a process of its own, and watches its
// memory.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildCommand } from '../browser/command.js';
import { startServer } from '../harness/postgres.js';

const READER = fileURLToPath(new URL('reader.js', import.meta.url));
const ROW_BYTES = 1000;
const MEGABYTE = 1_000_000;
const POLL_MS = 50;
/** A reader that is to be killed has this long to begin. Nobody reads what it prints. */
const KILL_AFTER_MS = 1000;
const STREAMING = { 1: 'off', 4: 'parallel' };
/** What takes most memory comes first. */
const PROTOCOLS = ['4', '1'];

/**
 * @typedef {object} Result
 * @property {string} reader
 * @property {number} protocol
 * @property {number} rows
 * @property {number} seconds
 * @property {number} peakMiB
 * @property {number} leftBehind files in the spill folder afterwards
 */

/**
 * With `kill` another process reads from each slot first and is killed while it does.
 *
 * @param {{ megabytes: number, release?: boolean, kill?: boolean, told?: (result: Result) => void }} options
 * @returns {Promise<Result[]>}
 */
export async function measure({ megabytes, release = false, kill = false, told = () => {} }) {
  const rows = Math.ceil((megabytes * MEGABYTE) / ROW_BYTES);
  const folder = await mkdtemp(join(tmpdir(), 'walscope-large-'));
  const server = await startServer({ settings: { logical_decoding_work_mem: '64MB' } });
  try {
    const command = buildCommand(release ? ['--release'] : []);
    const readers = PROTOCOLS.flatMap((protocol) => [
      { name: 'command', protocol, slot: `command_${protocol}` },
      { name: 'addon', protocol, slot: `addon_${protocol}` },
    ]);
    await prepare(server, readers, rows);
    const results = [];
    for (const { name, protocol, slot } of readers) {
      const streaming = STREAMING[/** @type {keyof typeof STREAMING} */ (Number(protocol))];
      const start = () =>
        name === 'command'
          ? spawnCommand(command, server, { slot, streaming, folder })
          : spawnReader(server, { slot, streaming, folder });
      if (kill) await killed(start(), server, slot);
      const watched = await watch(start());
      const leftBehind = (await readdir(folder)).length;
      const result = { reader: name, protocol: Number(protocol), ...watched, leftBehind };
      told(result);
      results.push(result);
    }
    return results;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

/**
 * @param {any} server
 * @param {{ slot: string }[]} readers
 * @param {number} rows
 */
async function prepare(server, readers, rows) {
  await server.sql('CREATE TABLE t (id int PRIMARY KEY, body text)');
  // The rows are in the log, which is what counts, and not in files of their own.
  await server.sql('ALTER TABLE t ALTER body SET STORAGE PLAIN');
  await server.sql('CREATE PUBLICATION p FOR TABLE t');
  for (const { slot } of readers) {
    await server.sql(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  }
  const body = `repeat(md5(n::text), ${Math.ceil(ROW_BYTES / 32)})`;
  await server.sql(`INSERT INTO t SELECT n, ${body} FROM generate_series(1, ${rows}) n`);
}

/**
 * @param {string} command
 * @param {any} server
 * @param {{ slot: string, streaming: string, folder: string }} options
 */
function spawnCommand(command, server, { slot, streaming, folder }) {
  const options = ['--slot', slot, '--publication', 'p', '--streaming', streaming];
  const args = ['stream', server.url(), ...options, '--until', 'now', '--spill-dir', folder];
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/**
 * @param {any} server
 * @param {{ slot: string, streaming: string, folder: string }} options
 */
function spawnReader(server, { slot, streaming, folder }) {
  const options = JSON.stringify({ slot, streaming, spillDirectory: folder });
  const args = [READER, server.url(), options];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/**
 * Reads what the process prints to its end, and how much memory it took at most.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
export async function watch(child) {
  const started = performance.now();
  let inserts = 0;
  let told = 0;
  let cut = '';
  child.stdout?.setEncoding('latin1').on('data', (/** @type {string} */ text) => {
    const parts = (cut + text).split('\n');
    cut = parts.pop() ?? '';
    for (const line of parts) {
      if (line.startsWith('{"kind":"insert"')) inserts += 1;
      if (line.startsWith('rows ')) told = Number(line.slice(5));
    }
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let peakKiB = 0;
  let running = true;
  ended.then(() => (running = false));
  while (running) {
    peakKiB = Math.max(peakKiB, await highWaterMark(child.pid));
    await sleep(POLL_MS);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`the reader ended with ${code}`);
  return {
    rows: inserts + told,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    peakMiB: Math.round(peakKiB / 1024),
  };
}

/**
 * Kills a process that does not read on, and waits until the server has let its slot go.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {any} server
 * @param {string} slot
 */
async function killed(child, server, slot) {
  const ended = once(child, 'exit');
  await sleep(KILL_AFTER_MS);
  child.kill('SIGKILL');
  await ended;
  const active = `SELECT active FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`;
  while ((await server.sql(active)).length > 0) await sleep(POLL_MS);
}

/**
 * The most memory that a process has taken so far.
 *
 * @param {number | undefined} pid
 */
async function highWaterMark(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
}
