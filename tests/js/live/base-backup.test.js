// Base backups by `client.baseBackup()`, on the oldest and the newest server: servers are started on what
// comes, and hold the same rows.

import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { capture } from '../../harness/command.js';
import { assertManifest, exists, filesOfManifest, until, withCluster } from './backup-setting.js';

/** What a piece has at most: that much is gathered, and then one message of the server more. */
const MAX_PIECE = 512 * 1024;

for (const major of /** @type {const} */ ([14, 18])) {
  const setting = withCluster({ major });

  test(`archives in pipelines are files that tar unpacks, on ${major}`, async () => {
    const folder = await setting.folder();
    /** @type {any[]} */
    const progress = [];
    const backup = await setting.backUp({
      label: "monday's",
      manifestChecksums: 'sha256',
      onProgress: (/** @type {any} */ told) => progress.push(told),
    });
    const [tablespace] = backup.tablespaces;
    assert.equal(backup.tablespaces.length, 1);
    assert.equal(tablespace.location, setting.tablespace);
    assert.ok(tablespace.size > 20_000 * 32, `${tablespace.size} bytes`);
    const archives = [];
    for await (const archive of backup) {
      archives.push([archive.kind, archive.name, archive.tablespace, archive.compression]);
      await pipeline(archive.toReadable(), createWriteStream(join(folder, archive.name)));
      assert.equal(backup.end, null);
    }
    assert.deepEqual(archives, [
      ['tablespace', `${tablespace.oid}.tar`, tablespace, null],
      ['data', 'base.tar', null, null],
      ['manifest', 'backup_manifest', null, null],
    ]);
    assertProgress(progress, backup);
    await assertLabel(folder, backup);

    const restored = await setting.restored(async (dataDir) => {
      const place = join(dirname(dataDir), 'ts');
      await mkdir(dataDir, { mode: 0o700 });
      await mkdir(place, { mode: 0o700 });
      await capture('tar', ['-xf', join(folder, 'base.tar'), '-C', dataDir]);
      await capture('tar', ['-xf', join(folder, `${tablespace.oid}.tar`), '-C', place]);
      const link = join(dataDir, 'pg_tblspc', String(tablespace.oid));
      assert.equal(await readlink(link), setting.tablespace);
      await unlink(link);
      await symlink(place, link);
      await capture('cp', [join(folder, 'backup_manifest'), dataDir]);
      await assertManifest(dataDir);
    });
    await setting.assertSameRows(restored);
  });

  test(`unpack() makes a directory that a server starts on, on ${major}`, async () => {
    /** @type {any[]} */
    const progress = [];
    /** @type {any} */
    let backup;
    const restored = await setting.restored(async (dataDir) => {
      const place = join(dirname(dataDir), 'ts');
      backup = await setting.backUp({
        manifestChecksums: 'sha256',
        onProgress: (/** @type {any} */ told) => progress.push(told),
      });
      const end = await backup.unpack(dataDir, {
        tablespaceMapping: { [setting.tablespace]: place },
      });
      assert.deepEqual(end, backup.end);
      await assertManifest(dataDir);
      const { mode, mtime } = await lstat(join(dataDir, 'PG_VERSION'));
      const theirs = await lstat(join(setting.server.dataDir, 'PG_VERSION'));
      assert.equal(mode & 0o777, 0o600);
      assert.equal(Math.floor(+mtime / 1000), Math.floor(+theirs.mtime / 1000));
      assert.equal(await exists(join(dataDir, 'backup_manifest.tmp')), false);
    });
    assertProgress(progress, backup);
    await setting.assertSameRows(restored);
  });

  test(`unpack() makes a standby that follows, on ${major}`, async () => {
    await setting.client.createPhysicalSlot('standby', { reserveWal: true });
    const standby = await setting.restored(async (dataDir) => {
      const place = join(dirname(dataDir), 'ts');
      const backup = await setting.backUp();
      await backup.unpack(new URL(`file://${dataDir}`), {
        tablespaceMapping: { [setting.tablespace]: place },
        writeRecoverySettings: { slot: 'standby' },
        sync: false,
      });
      const { mode } = await lstat(join(dataDir, 'standby.signal'));
      assert.equal(mode & 0o777, 0o600);
    });
    await setting.server.sql("INSERT INTO a VALUES (0, 'followed')");
    await until('the row on the standby', async () => {
      const rows = await standby.sql(
        'SELECT text, pg_is_in_recovery() AS follows FROM a WHERE n = 0',
      );
      return rows[0]?.text === 'followed' && rows[0].follows;
    });
    await standby.stop();
    await setting.client.dropSlot('standby', { wait: true });
    await setting.server.sql('DELETE FROM a WHERE n = 0');
  });

  test(`the other ways through an archive give the same bytes, on ${major}`, async () => {
    const backup = await setting.backUp({ wal: 'none', wait: false, manifestChecksums: 'sha256' });
    /** @type {Map<string, number>} */
    const sizes = new Map();
    let version = '';
    for await (const archive of backup) {
      let size = 0;
      if (archive.kind === 'tablespace') {
        size = (await new Response(archive.toReadableStream()).arrayBuffer()).byteLength;
      } else if (archive.kind === 'data') {
        for await (const piece of archive) {
          assert.ok(piece instanceof Uint8Array && piece.length <= MAX_PIECE);
          size += piece.length;
        }
      } else {
        const bytes = await archive.bytes();
        assert.ok(filesOfManifest(bytes).has('PG_VERSION'));
        size = bytes.length;
        version = Buffer.from(bytes).toString().slice(0, 40);
      }
      sizes.set(archive.kind, size);
    }
    assert.match(version, /PostgreSQL-Backup-Manifest-Version/);
    for (const kind of ['data', 'tablespace']) assert.equal((sizes.get(kind) ?? 1) % 512, 0, kind);
    assert.ok((sizes.get('data') ?? 0) > 10_000_000);
  });

  test(`archives that nobody touches are passed over, on ${major}`, async () => {
    const backup = await setting.backUp({ estimate: false, manifestChecksums: 'sha256' });
    assert.equal(backup.progress.total, null);
    assert.equal(backup.tablespaces[0].size, null);
    let manifest = new Uint8Array();
    for await (const archive of backup) {
      if (archive.kind === 'manifest') manifest = await archive.bytes();
    }
    assert.ok(filesOfManifest(manifest).size > 900);
    assert.equal(backup.progress.total, null);
    assert.notEqual(backup.end, null);
    await backup.close();
    assert.notEqual(backup.end, null);
  });

  test(`without a manifest, tablespaces in a file, on ${major}`, async () => {
    const backup = await setting.backUp({ manifest: false, tablespaceMap: true });
    await assert.rejects(backup.unpack(join(await setting.folder(), 'data')), {
      code: 'WALSCOPE_BAD_OPTION',
    });
    const kinds = [];
    let map = '';
    for await (const archive of backup) {
      kinds.push(archive.kind);
      if (archive.kind !== 'data') continue;
      for await (const file of archive.files()) {
        if (file.name === 'tablespace_map') map = Buffer.from(await file.bytes()).toString();
      }
    }
    assert.deepEqual(kinds, ['tablespace', 'data']);
    assert.equal(map, `${backup.tablespaces[0].oid} ${setting.tablespace}\n`);
  });

  test(`a group that may read the server's directory may read the copy, on ${major}`, async () => {
    const { server } = setting;
    await chmod(server.dataDir, 0o750);
    await server.restart();
    const folder = await setting.folder();
    const backup = await setting.backUp();
    await backup.unpack(join(folder, 'data'), {
      tablespaceMapping: { [setting.tablespace]: join(folder, 'ts') },
      writeRecoverySettings: true,
    });
    const modes = ['', 'backup_manifest', 'standby.signal'].map(async (name) => {
      const { mode } = await lstat(join(folder, 'data', name));
      return mode & 0o777;
    });
    assert.deepEqual(await Promise.all(modes), [0o750, 0o640, 0o640]);
  });
}

/**
 * What was told rises to the total.
 *
 * @param {any[]} progress
 * @param {any} backup
 */
function assertProgress(progress, backup) {
  const last = progress.at(-1);
  assert.deepEqual(last, backup.progress);
  assert.equal(last.done, last.total);
  assert.ok(last.done > 10_000_000, `${last.done} bytes`);
  assert.ok(progress.every((told, at) => told.done >= (progress[at - 1]?.done ?? 0)));
  assert.ok(progress.every(({ done, total }) => done <= total));
  const begun = new Set(progress.map(({ archive }) => archive));
  assert.ok(begun.has('base.tar') && begun.size === 3, [...begun].join());
  const tablespace = progress.find(({ archive }) => archive?.startsWith('1'));
  assert.deepEqual(tablespace.tablespace, backup.tablespaces[0]);
}

/**
 * @param {string} folder
 * @param {any} backup
 */
async function assertLabel(folder, backup) {
  await capture('tar', ['-xf', join(folder, 'base.tar'), '-C', folder, 'backup_label']);
  const label = await readFile(join(folder, 'backup_label'), 'utf8');
  assert.match(label, /^LABEL: monday's$/m);
  assert.equal(/^START WAL LOCATION: (\S+)/.exec(label)?.[1], backup.startLsn);
  const { end } = backup;
  assert.deepEqual([end.startLsn, end.startTimeline, end.endTimeline], [backup.startLsn, 1, 1]);
  assert.match(end.endLsn, /^0\/[0-9A-F]+$/);
}
