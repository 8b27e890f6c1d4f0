// What the tests of base backups share: a server with something to back up, and what must be in a copy.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../node/index.js';
import { serverOwner } from '../../harness/owner.js';
import { startServer } from '../../harness/postgres.js';

/** Enough that it does not all fit between server and client. */
const ROWS = 200_000;
/** How long something may take that a test waits for. */
const PATIENCE_MS = 120_000;
const POLL_MS = 20;

/** A sum over all rows, which no other rows have. */
const CHECK = `SELECT (SELECT count(*) || ' ' || md5(string_agg(n || text, ',' ORDER BY n)) FROM a)
  || ' ' || (SELECT count(*) || ' ' || md5(string_agg(n || text, ',' ORDER BY n)) FROM b) AS sum`;

/**
 * A server with a tablespace for the tests of a file, and a client of it.
 *
 * @param {import('../../harness/postgres.js').ServerOptions} options
 */
export function withCluster(options) {
  const setting = new Cluster();
  before(() => setting.start(options));
  after(() => setting.stop());
  return setting;
}

export class Cluster {
  /** @type {import('../../harness/postgres.js').Server} */
  server = /** @type {any} */ (null);
  /** @type {any} */
  client;
  /** Where the tablespace is. */
  tablespace = '';
  /** Folders and servers that are gone after the tests. @type {(() => Promise<unknown>)[]} */
  #leftovers = [];

  /** @param {import('../../harness/postgres.js').ServerOptions} options */
  async start(options) {
    this.server = await startServer(options);
    this.tablespace = join(this.server.folder, 'ts');
    await mkdir(this.tablespace);
    const owner = serverOwner();
    if (owner) await chown(this.tablespace, owner.uid, owner.gid);
    await this.server.sql(`CREATE TABLESPACE other LOCATION '${this.tablespace}'`);
    await this.server.sql(
      `CREATE TABLE a AS SELECT n, md5(n::text) AS text FROM generate_series(1, ${ROWS}) n;
       CREATE TABLE b TABLESPACE other AS SELECT * FROM a WHERE n <= 20000`,
    );
    this.client = await connect(this.server.url());
  }

  async stop() {
    for (const remove of this.#leftovers.reverse()) await remove();
    await this.client?.close();
    await this.server?.stop();
  }

  /**
   * A backup that begins at once.
   *
   * @param {object} [options]
   * @returns {Promise<any>}
   */
  backUp(options) {
    return this.client.baseBackup({ checkpoint: 'fast', ...options });
  }

  /** A new folder. */
  async folder() {
    const folder = await mkdtemp(join(tmpdir(), 'walscope-backup-'));
    this.#leftovers.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  /**
   * A server on a backup of this one.
   *
   * @param {(dataDir: string) => Promise<unknown>} make
   */
  async restored(make) {
    const server = await startServer({ major: this.server.major, make });
    this.#leftovers.push(() => server.stop());
    return server;
  }

  /** @param {import('../../harness/postgres.js').Server} restored */
  async assertSameRows(restored) {
    assert.deepEqual(await restored.sql(CHECK), await this.server.sql(CHECK));
  }

  /** Waits until the server is done with all backups: it notices a closed socket when it sends. */
  async nobodyBacksUp() {
    await until('the end of all walsenders', async () => {
      const [{ count }] = await this.server.sql(
        `SELECT (SELECT count(*) FROM pg_stat_progress_basebackup)
           + (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender') AS count`,
      );
      return Number(count) === 0;
    });
  }

  /** The process that sends a backup, when it waits for its client. */
  async waitingSender() {
    return until('a walsender that waits for its client', async () => {
      const rows = await this.server.sql(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender' AND wait_event = 'ClientWrite'",
      );
      return rows[0]?.pid;
    });
  }
}

/**
 * Waits until something is there.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T> | T} look
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not in ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(POLL_MS);
  }
}

/**
 * What a manifest says of the files, by their paths. The manifest's own checksum must be right.
 *
 * @param {Uint8Array} bytes
 * @returns {Map<string, { size: number, sha256: string }>}
 */
export function filesOfManifest(bytes) {
  const text = Buffer.from(bytes).toString();
  const { Files, 'Manifest-Checksum': own } = JSON.parse(text);
  const covered = text.slice(0, text.lastIndexOf('"Manifest-Checksum"'));
  assert.equal(createHash('sha256').update(covered).digest('hex'), own);
  return new Map(
    Files.map((/** @type {any} */ file) => {
      assert.equal(file['Checksum-Algorithm'], 'SHA256');
      return [file.Path, { size: file.Size, sha256: file.Checksum }];
    }),
  );
}

/**
 * Every file of the manifest is there, with its size and checksum.
 *
 * @param {string} directory
 */
export async function assertManifest(directory) {
  const files = filesOfManifest(await readFile(join(directory, 'backup_manifest')));
  assert.ok(files.size > 900, `${files.size} files`);
  for (const [path, { size, sha256 }] of files) {
    // The test's own settings are in these.
    if (path === 'postgresql.auto.conf') continue;
    const bytes = await readFile(join(directory, path));
    assert.deepEqual([bytes.length, sha256Of(bytes)], [size, sha256], path);
  }
}

/** @param {Uint8Array} bytes */
export function sha256Of(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {string} path */
export async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}
