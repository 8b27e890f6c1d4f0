// The files in the archives of a base backup: all that the manifest lists, read, half read, or passed over.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rejection } from '../decoder/helpers.js';
import { filesOfManifest, sha256Of, withCluster } from './backup-setting.js';

/** Tables of more than what comes at once. */
const LEFT_EARLY = 120;

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withCluster({ major });

  /**
   * Every way to read a file is used in turn; what is read whole is compared with the manifest.
   *
   * @param {any} file
   * @param {number} turn
   * @returns {Promise<string | null>} the checksum; null when it was not read whole
   */
  async function read(file, turn) {
    const hash = createHash('sha256');
    switch (turn % 6) {
      case 0:
        return null;
      case 1:
        for await (const piece of file) hash.update(piece);
        return hash.digest('hex');
      case 2:
        await pipeline(file.toReadable(), hash);
        return hash.digest('hex');
      case 3:
        for await (const piece of file.toReadableStream()) hash.update(piece);
        return hash.digest('hex');
      case 4:
        for await (const piece of file) {
          assert.ok(piece.length > 0);
          break;
        }
        return null;
      default:
        return sha256Of(await file.bytes());
    }
  }

  // Red when `#leaveCurrent` in files.js does not drop what has come of the file in hand, or does not have
  // the rest of it left out.
  test(`files are those of the manifest, whatever was read of those before, on ${major}`, async () => {
    for (const shift of [0, 1, 2, 3, 4, 5]) {
      const backup = await setting.backUp({ manifestChecksums: 'sha256' });
      /** @type {Map<string, { size: number, sha256: string | null }>} */
      const found = new Map();
      let turn = shift;
      let manifest = new Uint8Array();
      for await (const archive of backup) {
        if (archive.kind === 'manifest') {
          manifest = await archive.bytes();
          continue;
        }
        // As the server sees them, in a link.
        const prefix = archive.tablespace === null ? '' : `pg_tblspc/${archive.tablespace.oid}/`;
        for await (const file of archive.files()) {
          if (file.type !== 'file') {
            assert.deepEqual([file.size, (await file.bytes()).length], [0, 0]);
            continue;
          }
          const sha256 = await read(file, (turn += 1));
          found.set(prefix + file.name, { size: file.size, sha256 });
        }
      }
      let checked = 0;
      for (const [path, { size, sha256 }] of filesOfManifest(manifest)) {
        const file = found.get(path);
        assert.equal(file?.size, size, path);
        if (file.sha256 === null) continue;
        assert.equal(file.sha256, sha256, path);
        checked += 1;
      }
      assert.ok(checked > 500, `${checked} files`);
    }
  });

  // Red when `told` in base_backup_source.rs takes note of what is to be left out only where data comes:
  // in a few of so many cases it is a word on the progress. (Red in about one run of three, on 14.)
  test(`files that are left early do not shift those behind them, on ${major}`, async () => {
    await setting.server.sql(`DO $$ BEGIN
      FOR n IN 1..${LEFT_EARLY} LOOP
        EXECUTE 'CREATE TABLE left_' || n || ' AS SELECT md5(m::text) FROM generate_series(1, 10000) m';
      END LOOP;
    END $$`);
    for (const shift of [0, 1]) {
      const backup = await setting.backUp({ manifestChecksums: 'sha256' });
      /** @type {Map<string, string>} */
      const whole = new Map();
      let turn = shift;
      let leftEarly = 0;
      let manifest = new Uint8Array();
      for await (const archive of backup) {
        if (archive.kind === 'manifest') manifest = await archive.bytes();
        if (archive.kind !== 'data') continue;
        for await (const file of archive.files()) {
          if (file.size === 0) continue;
          if (file.size > 500_000 && (turn += 1) % 2 === 0) {
            leftEarly += 1;
            // By then there is more than what comes at once.
            await sleep(3);
            for await (const piece of file) if (piece.length > 0) break;
          } else whole.set(file.name, sha256Of(await file.bytes()));
        }
      }
      assert.ok(leftEarly > LEFT_EARLY / 3, `${leftEarly} files`);
      for (const [path, { sha256 }] of filesOfManifest(manifest)) {
        if (whole.has(path)) assert.equal(whole.get(path), sha256, path);
      }
    }
  });

  test(`files have what the server's files have, on ${major}`, async () => {
    const backup = await setting.backUp();
    const types = new Set();
    for await (const archive of backup) {
      if (archive.kind !== 'data') continue;
      for await (const file of archive.files()) {
        types.add(file.type);
        if (file.type === 'symlink') {
          assert.equal(file.name, `pg_tblspc/${backup.tablespaces[0].oid}`);
          assert.equal(file.linkTarget, setting.tablespace);
        } else assert.equal(file.linkTarget, null);
        if (file.name !== 'PG_VERSION') continue;
        const path = join(setting.server.dataDir, file.name);
        const { mode, mtimeMs, size } = await lstat(path);
        assert.equal(file.mode, mode & 0o777);
        assert.equal(+file.modified, Math.floor(mtimeMs / 1000) * 1000);
        assert.equal(file.size, size);
        assert.deepEqual(Buffer.from(await file.bytes()), await readFile(path));
      }
    }
    assert.deepEqual([...types].sort(), ['directory', 'file', 'symlink']);
  });

  test(`leaving the files of an archive passes over the rest of it, on ${major}`, async () => {
    const backup = await setting.backUp();
    let label = '';
    for await (const archive of backup) {
      if (archive.kind !== 'data') continue;
      for await (const file of archive.files()) {
        if (file.name === 'backup_label') label = Buffer.from(await file.bytes()).toString();
        // In the middle of a large file.
        if (file.size > 1_000_000) {
          for await (const piece of file) {
            assert.ok(piece.length > 0);
            break;
          }
          break;
        }
      }
    }
    assert.match(label, /^LABEL: walscope base backup$/m);
    assert.notEqual(backup.end, null);
  });

  // Red without the look at `beingRead` in `#leaveCurrent`: the pipeline would get the bytes of others.
  test(`the next file waits for nobody's pipeline, and says so, on ${major}`, async () => {
    const folder = await setting.folder();
    const backup = await setting.backUp();
    /** @type {Promise<unknown> | null} */
    let piping = null;
    const error = await rejection(
      (async () => {
        for await (const archive of backup) {
          if (archive.kind !== 'data') continue;
          for await (const file of archive.files()) {
            if (file.size < 1_000_000) continue;
            piping = pipeline(file.toReadable(), createWriteStream(join(folder, 'file')));
            piping.catch(() => {});
          }
        }
      })(),
    );
    assert.equal(error.code, 'WALSCOPE_BACKUP_INCOMPLETE');
    assert.match(error.hint, /await pipeline\(file\.toReadable/);
    assert.equal(await rejection(/** @type {any} */ (piping)), error);
    assert.equal(backup.end, null);
    await setting.nobodyBacksUp();
  });

  test(`a pipeline that fails leaves the file, and the loop may go on, on ${major}`, async () => {
    const backup = await setting.backUp();
    const full = new Error('disk full');
    let failed = 0;
    let version = '';
    for await (const archive of backup) {
      if (archive.kind !== 'data') continue;
      for await (const file of archive.files()) {
        if (file.name === 'PG_VERSION') version = Buffer.from(await file.bytes()).toString();
        if (file.size < 500_000) continue;
        const sink = new Writable({ write: (_chunk, _encoding, done) => done(full) });
        assert.equal(await rejection(pipeline(file.toReadable(), sink)), full);
        failed += 1;
      }
    }
    assert.ok(failed > 1, `${failed} files`);
    assert.equal(version, `${major}\n`);
    assert.notEqual(backup.end, null);
  });

  test(`what is over cannot be read, and what is large not at once, on ${major}`, async () => {
    const backup = await setting.backUp();
    /** @type {any} */
    let before = null;
    let large = 0;
    for await (const archive of backup) {
      if (archive.kind !== 'data') continue;
      for await (const file of archive.files()) {
        if (before !== null) {
          assert.throws(() => before[Symbol.asyncIterator](), { code: 'WALSCOPE_CONTENT_OVER' });
        }
        before = file;
        if (file.size < 500_000) continue;
        await assert.rejects(file.bytes({ maxBytes: 400_000 }), {
          code: 'WALSCOPE_VALUE_TOO_LARGE',
        });
        await assert.rejects(file.bytes(), { code: 'WALSCOPE_CONTENT_OVER' });
        large += 1;
      }
      assert.throws(() => archive.files(), { code: 'WALSCOPE_CONTENT_OVER' });
    }
    assert.ok(large > 1);
    assert.notEqual(backup.end, null);
  });
}
