// The options of base backups: what each does, and what is refused before anything is sent.

import assert from 'node:assert/strict';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createGunzip } from 'node:zlib';
import { rejection } from '../decoder/helpers.js';
import { exists, until, withCluster } from './backup-setting.js';

const PAGE_BYTES = 8192;

const old = withCluster({ major: 14, settings: { log_replication_commands: true } });
const setting = withCluster({
  major: 18,
  settings: { log_replication_commands: true, summarize_wal: true },
});

test('what a server does not have is refused by name before anything is sent', async () => {
  for (const [options, name] of /** @type {[object, string][]} */ ([
    [{ compression: 'gzip' }, 'compression'],
    [{ target: 'blackhole' }, 'target'],
    [{ incremental: new Uint8Array(1) }, 'incremental'],
  ])) {
    const error = await rejection(old.backUp(options));
    assert.equal(error.code, 'WALSCOPE_UNSUPPORTED');
    assert.equal(error.message, `PostgreSQL 14 does not have the option ${name} of a base backup`);
  }
  await old.nobodyBacksUp();
  assert.doesNotMatch(await old.server.log(), /BASE_BACKUP|UPLOAD_MANIFEST/);
});

test('what cannot be is refused before anything is sent', async () => {
  for (const [options, code, text] of /** @type {[any, string, RegExp][]} */ ([
    [{ labl: 'x' }, 'WALSCOPE_BAD_OPTION', /no option labl/],
    [{ label: 5 }, 'WALSCOPE_BAD_OPTION', /label is 5/],
    [{ checkpoint: 'slow' }, 'WALSCOPE_BAD_OPTION', /checkpoint is 'slow'/],
    [{ wal: 'stream' }, 'WALSCOPE_BAD_OPTION', /wal is 'stream'/],
    [{ wait: 'yes' }, 'WALSCOPE_BAD_OPTION', /wait is yes/],
    [{ maxRate: 0.5 }, 'WALSCOPE_BAD_OPTION', /maxRate is 0\.5/],
    [{ maxRate: 31 }, 'WALSCOPE_CONFIG', /between 32 and 1048576 kB\/s/],
    [{ manifest: 'no' }, 'WALSCOPE_BAD_OPTION', /manifest is 'no'/],
    [{ manifestChecksums: 'md5' }, 'WALSCOPE_BAD_OPTION', /manifestChecksums is md5/],
    [
      { manifest: false, manifestChecksums: 'sha256' },
      'WALSCOPE_CONFIG',
      /require a backup manifest/,
    ],
    [{ compression: 'bzip2' }, 'WALSCOPE_CONFIG', /unrecognized compression algorithm: "bzip2"/],
    [{ compression: { method: 'gzip', level: 10 } }, 'WALSCOPE_CONFIG', /between 1 and 9/],
    [{ compression: { method: 'lz4', workers: 2 } }, 'WALSCOPE_CONFIG', /accept a worker count/],
    [{ compression: { algorithm: 'lz4' } }, 'WALSCOPE_BAD_OPTION', /no option algorithm/],
    [{ target: 'server' }, 'WALSCOPE_BAD_OPTION', /target is "server"/],
    [{ target: { name: 'server' } }, 'WALSCOPE_CONFIG', /'server' has a directory/],
    [{ incremental: 5 }, 'WALSCOPE_BAD_OPTION', /incremental is 5/],
    [{ incremental: '/no/such/file' }, 'WALSCOPE_FILE', /cannot open \/no\/such\/file/],
    [{ signal: {} }, 'WALSCOPE_BAD_OPTION', /signal is no AbortSignal/],
    [{ onProgress: 5 }, 'WALSCOPE_BAD_OPTION', /onProgress is no function/],
    [null, 'WALSCOPE_BAD_OPTION', /no options/],
  ])) {
    const error = await rejection(setting.client.baseBackup(options));
    assert.match(error.message, text);
    assert.equal(error.code, code, error.message);
  }
  await setting.nobodyBacksUp();
  assert.doesNotMatch(await setting.server.log(), /BASE_BACKUP/);
  const backup = await setting.backUp();
  for (const [directory, options, text] of /** @type {[any, any, RegExp][]} */ ([
    ['/tmp/x', { sink: true }, /no option sink/],
    [5, {}, /directory is 5/],
    ['/tmp/x', { tablespaceMapping: { '/other': '/x' } }, /the server has no tablespace/],
    ['/tmp/x', { writeRecoverySettings: 's' }, /writeRecoverySettings is s/],
    ['/tmp/x', { sync: 1 }, /sync is 1/],
  ])) {
    const error = await rejection(backup.unpack(directory, options));
    assert.match(error.message, text);
    assert.equal(error.code, 'WALSCOPE_BAD_OPTION');
  }
  await backup.close();
});

test('options reach the server in its words', async () => {
  const backup = await setting.backUp({
    label: "it's",
    wal: 'none',
    maxRate: 1_048_576,
    verifyChecksums: false,
    manifest: 'force-encode',
    manifestChecksums: 'sha512',
    compression: { method: 'gzip', level: 1 },
    estimate: false,
    tablespaceMap: true,
  });
  await backup.close();
  assert.ok(
    (await setting.server.log()).includes(
      "BASE_BACKUP (LABEL 'it''s', CHECKPOINT 'fast', WAIT 1, VERIFY_CHECKSUMS 0, MAX_RATE 1048576, " +
        "TABLESPACE_MAP, MANIFEST 'force-encode', MANIFEST_CHECKSUMS 'SHA512', TARGET 'client', " +
        "COMPRESSION 'gzip', COMPRESSION_DETAIL 'level=1')",
    ),
  );
  await setting.nobodyBacksUp();
});

test('archives that the server has compressed are bytes', async () => {
  const backup = await setting.backUp({ compression: 'gzip' });
  /** @type {Map<string, number>} */
  const sizes = new Map();
  for await (const archive of backup) {
    if (archive.kind === 'manifest') continue;
    assert.equal(archive.compression, 'gzip');
    assert.throws(() => archive.files(), { code: 'WALSCOPE_UNSUPPORTED' });
    let size = 0;
    await pipeline(archive.toReadable(), createGunzip(), async (/** @type {any} */ pieces) => {
      for await (const piece of pieces) size += piece.length;
    });
    sizes.set(archive.name, size);
  }
  const [{ oid }] = backup.tablespaces;
  assert.deepEqual([...sizes.keys()], [`${oid}.tar.gz`, 'base.tar.gz']);
  assert.ok([...sizes.values()].every((size) => size > 500_000 && size % 512 === 0));
  const other = await setting.backUp({ compression: 'gzip' });
  const folder = await setting.folder();
  const unpacking = other.unpack(join(folder, 'data'), {
    tablespaceMapping: { [setting.tablespace]: join(folder, 'ts') },
  });
  assert.equal((await rejection(unpacking)).code, 'WALSCOPE_UNSUPPORTED');
  assert.equal(await exists(join(folder, 'data')), false);
});

test('targets: archives that are not sent have no bytes', async () => {
  const kept = join(setting.server.folder, 'kept');
  for (const target of ['blackhole', { server: kept }]) {
    const backup = await setting.backUp({ target });
    const archives = [];
    for await (const archive of backup) {
      archives.push([archive.kind, (await archive.bytes()).length]);
    }
    assert.deepEqual(archives, [
      ['tablespace', 0],
      ['data', 0],
      ['manifest', 0],
    ]);
    assert.notEqual(backup.end, null);
  }
  assert.equal(await exists(join(kept, 'base.tar')), true);
});

test('an incremental backup has what changed, whether its manifest is a file or bytes', async () => {
  const folder = await setting.folder();
  /** @type {(name: string) => any} */
  const mapping = (name) => ({
    tablespaceMapping: { [setting.tablespace]: join(folder, name) },
    sync: false,
  });
  const full = await setting.backUp();
  const { startLsn } = await full.unpack(join(folder, 'full'), mapping('ts'));
  await setting.server.sql('UPDATE a SET text = text WHERE n = 1');
  const path = join(folder, 'full', 'backup_manifest');
  let number = 0;
  for (const incremental of [path, pathToFileURL(path), await readFile(path)]) {
    const backup = await setting.backUp({ incremental });
    const data = join(folder, `incremental${(number += 1)}`);
    await backup.unpack(data, mapping(`ts${number}`));
    const label = await readFile(join(data, 'backup_label'), 'utf8');
    assert.match(label, new RegExp(`^INCREMENTAL FROM LSN: ${startLsn}$`, 'm'));
    const manifest = JSON.parse(await readFile(join(data, 'backup_manifest'), 'utf8'));
    const changed = manifest.Files.filter((/** @type {any} */ { Path }) =>
      /\/INCREMENTAL\.\d+$/.test(Path),
    );
    assert.ok(changed.length > 100, `${changed.length} files`);
  }
  await writeFile(path, 'no manifest');
  const error = await rejection(setting.backUp({ incremental: path }));
  assert.equal(error.name, 'ServerError');
  await setting.nobodyBacksUp();
});

// Red when the addon does not keep the directory after XX001, or forgets what was remarked right before an
// error.
test('a damaged page is remarked, and makes the backup fail at its end', async () => {
  await setting.server.sql('CREATE TABLE damaged AS SELECT * FROM a LIMIT 5000; CHECKPOINT');
  const [{ path }] = await setting.server.sql("SELECT pg_relation_filepath('damaged') AS path");
  const file = await open(join(setting.server.dataDir, path), 'r+');
  for (const page of [3, 5]) await file.write('damage', page * PAGE_BYTES + 1000);
  await file.close();
  /** @type {any[]} */
  const notices = [];
  const folder = await setting.folder();
  const backup = await setting.backUp({
    onNotice: (/** @type {any} */ told) => notices.push(told),
  });
  const error = await rejection(
    backup.unpack(join(folder, 'data'), {
      tablespaceMapping: { [setting.tablespace]: join(folder, 'ts') },
    }),
  );
  assert.deepEqual([error.name, error.code], ['ServerError', 'XX001']);
  assert.equal(backup.end, null);
  const told = await until('a remark', () => notices.find(({ message }) => message.includes(path)));
  assert.equal(told.severity, 'WARNING');
  assert.ok(backup.notices.some((/** @type {string} */ text) => text.includes(path)));
  assert.match(backup.notices.at(-1), /2 total checksum verification failures/);
  // It stays for whoever has nothing better, but does not look whole.
  assert.equal(await exists(join(folder, 'data', path)), true);
  assert.equal(await exists(join(folder, 'data', 'backup_manifest')), false);
  const unchecked = await setting.backUp({ verifyChecksums: false });
  for await (const archive of unchecked) assert.ok(archive.name);
  assert.notEqual(unchecked.end, null);
});
