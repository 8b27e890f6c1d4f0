// What programs in TypeScript may rely on of base backups, checked by `tsc` alone.

import type { Readable } from 'node:stream';
import { connect } from '../../node/index.js';
import type {
  BackupArchive,
  BackupEnd,
  BackupFile,
  BackupProgress,
  BackupTablespace,
  BaseBackup,
  BaseBackupOptions,
} from '../../node/index.js';

/** Fails to compile unless both types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(equal: Same<A, B>): void;

export async function backUp(): Promise<void> {
  const client = await connect('');
  await using backup = await client.baseBackup({ checkpoint: 'fast', signal: undefined });
  same<typeof backup, BaseBackup>(true);
  same<typeof backup.end, BackupEnd | null>(true);
  same<typeof backup.tablespaces, readonly BackupTablespace[]>(true);
  same<typeof backup.progress, BackupProgress>(true);
  for await (const archive of backup) {
    same<typeof archive, BackupArchive>(true);
    // @ts-expect-error no such kind
    if (archive.kind === 'wal') return;
    same<ReturnType<typeof archive.toReadable>, Readable>(true);
    for await (const bytes of archive) same<typeof bytes, Uint8Array>(true);
    await new Response(archive.toReadableStream()).arrayBuffer();
    for await (const file of archive.files()) {
      same<typeof file, BackupFile>(true);
      same<typeof file.modified, Date>(true);
      same<typeof file.linkTarget, string | null>(true);
      // @ts-expect-error files have no files
      file.files();
      const text: Uint8Array = await file.bytes({ maxBytes: 1000 });
      void text;
    }
    // @ts-expect-error it is what it is
    archive.name = 'other';
  }
}

export async function unpack(backup: BaseBackup): Promise<void> {
  const end = await backup.unpack(new URL('file:///x'), {
    tablespaceMapping: { '/ts': '/backups/ts' },
    writeRecoverySettings: { slot: 's' },
  });
  same<typeof end, BackupEnd>(true);
  // @ts-expect-error a directory is needed
  await backup.unpack();
  // @ts-expect-error an option of its own
  await backup.unpack('/x', { wal: 'fetch' });
}

export const options: BaseBackupOptions[] = [
  {},
  { compression: 'zstd:level=3,workers=2', target: { server: '/x' }, maxRate: 32 },
  { compression: { method: 'zstd', long: true }, target: 'blackhole', manifest: 'force-encode' },
  { target: { name: 'extension', detail: 'x' }, incremental: new Uint8Array(), wal: 'none' },
  { onProgress: ({ done, total }) => void (total === null ? done : done / total) },
  { onNotice: ({ severity, message, hint }) => void [severity, message, hint] },
  // @ts-expect-error no such checkpoint
  { checkpoint: 'slow' },
  // @ts-expect-error the log is not streamed beside
  { wal: 'stream' },
  // @ts-expect-error no such method
  { compression: { method: 'bzip2' } },
  // @ts-expect-error a server's directory is named
  { target: 'server' },
];
