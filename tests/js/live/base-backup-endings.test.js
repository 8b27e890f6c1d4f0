// A base backup that does not come to its end never looks whole, and the server gives it up.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { connect } from '../../../node/index.js';
import { rejection } from '../decoder/helpers.js';
import { exists, withCluster } from './backup-setting.js';

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withCluster({ major });

  /** @param {any} backup */
  async function assertGone(backup) {
    assert.equal(backup.end, null);
    await setting.nobodyBacksUp();
  }

  /**
   * The backup's data archive, of which one piece has been read.
   *
   * @param {object} [options]
   */
  async function begun(options) {
    const backup = await setting.backUp(options);
    const archives = backup[Symbol.asyncIterator]();
    let archive;
    do ({ value: archive } = await archives.next());
    while (archive.kind !== 'data');
    const pieces = archive[Symbol.asyncIterator]();
    assert.equal((await pieces.next()).done, false);
    return { backup, archives, archive, pieces };
  }

  // Red without `#onAbort` in feed.js.
  test(`an abort rejects what is pending and what comes after, on ${major}`, async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('enough');
    const { backup, archives, pieces } = await begun({ signal });
    await setting.waitingSender();
    controller.abort(reason);
    assert.equal(await rejection(pieces.next()), reason);
    assert.equal(await rejection(archives.next()), reason);
    await assertGone(backup);
    await assert.rejects(setting.backUp({ signal }), (error) => error === reason);
  });

  test(`an abort while it starts, on ${major}`, async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const starting = setting.backUp({ signal: controller.signal });
    controller.abort(reason);
    assert.equal(await rejection(starting), reason);
    await setting.nobodyBacksUp();
  });

  // Red when `return()` of the iterator does not close.
  test(`leaving the loop ends it, on ${major}`, async () => {
    const backup = await setting.backUp();
    for await (const archive of backup) {
      assert.equal(archive.kind, 'tablespace');
      break;
    }
    await assertGone(backup);
    await assert.rejects(backup.unpack(join(await setting.folder(), 'data')), {
      code: 'WALSCOPE_BUSY',
    });
  });

  // Red when `leave` of an archive does nothing.
  test(`leaving an archive's bytes ends it, on ${major}`, async () => {
    const { backup, archives, pieces } = await begun();
    await pieces.return();
    const error = await rejection(archives.next());
    assert.equal(error.code, 'WALSCOPE_BACKUP_INCOMPLETE');
    assert.match(error.message, /base\.tar was left before its end/);
    await assertGone(backup);
  });

  // Red without the look at `open` in `passOver`.
  test(`the next archive does not come while one is read, on ${major}`, async () => {
    const folder = await setting.folder();
    const backup = await setting.backUp();
    /** @type {Promise<unknown>[]} */
    const pipelines = [];
    const error = await rejection(
      (async () => {
        for await (const archive of backup) {
          const file = createWriteStream(join(folder, archive.name));
          // Nobody waits for it.
          pipelines.push(pipeline(archive.toReadable(), file));
          pipelines.at(-1)?.catch(() => {});
        }
      })(),
    );
    assert.equal(error.code, 'WALSCOPE_BACKUP_INCOMPLETE');
    assert.match(error.message, /was being read/);
    assert.equal(pipelines.length, 1);
    assert.equal(await rejection(/** @type {any} */ (pipelines[0])), error);
    await assertGone(backup);
  });

  test(`a pipeline that fails ends it, though nobody looks, on ${major}`, async () => {
    const backup = await setting.backUp();
    const full = new Error('disk full');
    const error = await rejection(
      (async () => {
        for await (const archive of backup) {
          const sink = new Writable({ write: (_chunk, _encoding, done) => done(full) });
          await pipeline(archive.toReadable(), sink).catch(() => {});
        }
      })(),
    );
    assert.equal(error, full);
    await assertGone(backup);
    const other = await setting.backUp();
    const cancelled = await rejection(
      (async () => {
        for await (const archive of other) await archive.toReadableStream().cancel();
      })(),
    );
    assert.equal(cancelled.code, 'WALSCOPE_BACKUP_INCOMPLETE');
    await assertGone(other);
  });

  // By construction: nobody reads, until the server can send nothing more.
  test(`a consumer that sleeps stops the server, on ${major}`, async () => {
    const { backup, archives, archive, pieces } = await begun();
    await setting.waitingSender();
    const [{ streamed, total }] = await setting.server.sql(
      'SELECT backup_streamed::int AS streamed, backup_total::int AS total FROM pg_stat_progress_basebackup',
    );
    assert.ok(streamed < total / 2, `${streamed} of ${total}`);
    for (;;) {
      const { done } = await pieces.next();
      if (done) break;
    }
    assert.equal((await archives.next()).value.kind, 'manifest');
    assert.equal((await archives.next()).done, true);
    assert.notEqual(backup.end, null);
    assert.deepEqual(
      await archive.bytes().catch((/** @type {any} */ error) => error.code),
      'WALSCOPE_CONTENT_OVER',
    );
  });

  test(`a walsender that is ended, on ${major}`, async () => {
    const { backup, archives, pieces } = await begun();
    const pid = await setting.waitingSender();
    await setting.server.sql(`SELECT pg_terminate_backend(${pid})`);
    const drain = async () => {
      while (!(await pieces.next()).done);
    };
    const error = await rejection(drain());
    assert.ok(['57P01', 'WALSCOPE_IO', 'WALSCOPE_CLOSED'].includes(error.code), error.code);
    assert.equal(await rejection(pieces.next()), error);
    assert.equal(await rejection(archives.next()), error);
    await assertGone(backup);
  });

  test(`close() rejects what is pending, on ${major}`, async () => {
    const { backup, pieces } = await begun();
    await setting.waitingSender();
    await backup.close();
    const error = await rejection(pieces.next());
    assert.equal(error.code, 'WALSCOPE_CLOSED');
    await assertGone(backup);
    await backup[Symbol.asyncDispose]();
  });

  test(`a function that throws ends it with its error, on ${major}`, async () => {
    const reason = new Error('mine');
    const backup = await setting.backUp({
      onProgress: () => {
        throw reason;
      },
    });
    assert.equal(await rejection(backup[Symbol.asyncIterator]().next()), reason);
    await assertGone(backup);
  });

  test(`a backup has one consumer, and an archive one reader, on ${major}`, async () => {
    const { backup, archive, pieces } = await begun();
    assert.throws(() => backup[Symbol.asyncIterator](), { code: 'WALSCOPE_BUSY' });
    for (const way of ['toReadable', 'toReadableStream', 'files']) {
      assert.throws(() => archive[way](), { code: 'WALSCOPE_BUSY' }, way);
    }
    const first = pieces.next();
    await assert.rejects(pieces.next(), { code: 'WALSCOPE_CONCURRENT_NEXT' });
    assert.equal((await first).done, false);
    await backup.close();
    await setting.nobodyBacksUp();
  });

  // Red without `Drop` of native's `BackupDirectory`, and when `close` does not wait for it.
  test(`unpack() that is aborted leaves nothing, on ${major}`, async () => {
    const folder = await setting.folder();
    const controller = new AbortController();
    const reason = new Error('enough');
    const backup = await setting.backUp({
      signal: controller.signal,
      onProgress: (/** @type {any} */ { archive, done }) => {
        if (archive === 'base.tar' && done > 5_000_000) controller.abort(reason);
      },
    });
    const data = join(folder, 'data');
    const options = { tablespaceMapping: { [setting.tablespace]: join(folder, 'ts') } };
    assert.equal(await rejection(backup.unpack(data, options)), reason);
    assert.deepEqual(await readdir(folder), []);
    await assertGone(backup);
  });

  test(`unpack() into what is not empty is refused and leaves it, on ${major}`, async () => {
    const folder = await setting.folder();
    const mine = await open(join(folder, 'mine'), 'w');
    await mine.close();
    const backup = await setting.backUp();
    const options = { tablespaceMapping: { [setting.tablespace]: join(folder, 'ts') } };
    const error = await rejection(backup.unpack(folder, options));
    assert.equal(error.code, 'WALSCOPE_FILE');
    assert.match(error.message, /the directory is not empty/);
    assert.deepEqual(await readdir(folder), ['mine']);
    await assertGone(backup);
    // Without a mapping the tablespace goes where the server has its own.
    const other = await setting.backUp();
    const inTheWay = await rejection(other.unpack(join(folder, 'data')));
    assert.equal(inTheWay.code, 'WALSCOPE_FILE');
    assert.equal(inTheWay.message.includes(setting.tablespace), true);
    assert.equal(await exists(join(folder, 'data')), false);
    await assertGone(other);
  });

  // Red without `Drop` of the addon's `RawBaseBackup`.
  test(`a thread that is terminated takes its backup along, on ${major}`, async () => {
    const program = new URL('backup-worker.js', import.meta.url);
    const worker = new Worker(program, { workerData: setting.server.url() });
    await once(worker, 'message');
    await worker.terminate();
    await setting.nobodyBacksUp();
  });

  test(`backups outlive their client, and a closed one starts none, on ${major}`, async () => {
    const client = await connect(setting.server.url());
    const backup = await client.baseBackup({ checkpoint: 'fast' });
    await client.close();
    for await (const archive of backup) assert.ok(archive.name);
    assert.notEqual(backup.end, null);
    await assert.rejects(client.baseBackup(), { code: 'WALSCOPE_CLOSED' });
  });
}
