// What the tests of the log's streams share: a server's own segments, and patience.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lsn } from '../../../node/index.js';

/** How long something may take that a test waits for. */
const PATIENCE_MS = 120_000;

/**
 * Waits until something is there.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T> | T} look null or false: not yet
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not in ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(10);
  }
}

/**
 * Opens streams of the log that are closed behind each test, also one that fails.
 *
 * @param {{ client: any }} setting
 */
export function opener(setting) {
  const streams = new Streams(setting);
  afterEach(() => streams.close());
  return (/** @type {object} */ options = {}) => streams.open(options);
}

/** Streams of the log that are closed together. */
export class Streams {
  #setting;
  /** @type {any[]} */
  #streams = [];

  /** @param {{ client: any }} setting */
  constructor(setting) {
    this.#setting = setting;
  }

  /** @param {object} [options] */
  async open(options) {
    const stream = await this.#setting.client.physical(options);
    this.#streams.push(stream);
    return stream;
  }

  async close() {
    for (const stream of this.#streams.splice(0)) await stream.close();
  }
}

/**
 * Writes rows of a kilobyte each, and says where the log ends then.
 *
 * @param {any} server
 * @param {number} rows
 * @returns {Promise<string>}
 */
export async function fill(server, rows) {
  await server.sql(
    `INSERT INTO t SELECT (SELECT coalesce(max(id), 0) FROM t) + n, repeat('x', 1000) FROM generate_series(1, ${rows}) n`,
  );
  return endOfLog(server);
}

/**
 * Up to where the log is on the server's disk.
 *
 * @param {any} server
 * @returns {Promise<string>}
 */
export async function endOfLog(server) {
  const [{ end }] = await server.sql('SELECT pg_current_wal_flush_lsn()::text AS end');
  return end;
}

/**
 * Looks whether a chunk is what the server has in its own segment.
 *
 * @param {any} server
 * @param {any} chunk
 */
export async function sameAsServer(server, chunk) {
  const file = await readFile(join(server.dataDir, 'pg_wal', chunk.segment));
  const { segmentOffset: offset, bytes } = chunk;
  const own = file.subarray(offset, offset + bytes.length);
  assert.ok(own.equals(bytes), `${chunk.segment} differs from ${offset} on`);
}

/**
 * Reads chunks up to a position. Each has to begin where the one before ended.
 *
 * @param {AsyncIterator<any>} events
 * @param {string} from
 * @param {string} end
 * @returns {Promise<any[]>}
 */
export async function chunksTo(events, from, end) {
  const chunks = [];
  let at = from;
  while (lsn.compare(at, end) < 0) {
    const { done, value } = await events.next();
    assert.ok(!done, `the stream ended at ${at}`);
    if (value.kind === 'flushWanted') continue;
    assert.deepEqual([value.kind, value.startLsn], ['wal', at]);
    assert.equal(lsn.parse(value.endLsn) - lsn.parse(at), BigInt(value.bytes.length));
    at = value.endLsn;
    chunks.push(value);
  }
  return chunks;
}

/**
 * Stops a server as `pg_ctl stop` does, however long it waits for who streams from it.
 *
 * @param {any} server
 */
export async function shutDown(server) {
  process.kill(server.pid, 'SIGINT');
  await until('the server is down', () => server.pid === undefined);
}

/**
 * How the server sees its only stream.
 *
 * @param {any} server
 * @returns {Promise<any>}
 */
export async function replication(server) {
  const [row] = await server.sql(`SELECT pid, write_lsn::text AS write, flush_lsn::text AS flush,
    replay_lsn::text AS replay, sync_state FROM pg_stat_replication`);
  return row;
}
