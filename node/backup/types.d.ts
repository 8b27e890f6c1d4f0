/** Base backups: copies of a whole cluster. */

import type { Readable } from 'node:stream';

/** What a base backup is to be. Sizes are bytes, unless they say otherwise. */
export interface BaseBackupOptions {
  /** A name for it, which the file `backup_label` shows. Default `walscope base backup`. */
  label?: string | undefined;
  /**
   * The checkpoint that it begins with: `fast` hurries, at the expense of other work; `spread` takes the
   * time that checkpoints take on that server, minutes by default. Default `spread`.
   */
  checkpoint?: 'spread' | 'fast' | undefined;
  /**
   * `fetch`: the log that recovery needs stands at the end of the main archive, so that the backup is
   * complete. The server has to keep it until then (`wal_keep_size`, or a slot); where it has not, the
   * backup fails at its end. `none`: it comes from an archive of your own. Default `fetch`.
   */
  wal?: 'fetch' | 'none' | undefined;
  /**
   * Whether the server waits at the end until the log is archived, and warns where nobody archives.
   * Default: with `wal: 'none'`.
   */
  wait?: boolean | undefined;
  /** How many kB a second the server sends at most, 32 to 1048576. Default: no limit. */
  maxRate?: number | undefined;
  /**
   * Whether the server checks the checksums of data pages, where the cluster has them. A wrong one is
   * remarked (`onNotice`), and the backup fails at its end with SQLSTATE XX001. Default true.
   */
  verifyChecksums?: boolean | undefined;
  /**
   * Whether there is a manifest: a list of the files with their checksums, by which `walscope
   * verifybackup` checks the backup, and on which incremental ones build. `force-encode`: with all names
   * in hexadecimal digits, otherwise only those that are not UTF-8. Default true.
   */
  manifest?: boolean | 'force-encode' | undefined;
  /** The checksum of files in the manifest. Default `crc32c`. */
  manifestChecksums?: 'none' | 'crc32c' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | undefined;
  /**
   * How the server compresses the archives (PostgreSQL 15), in PostgreSQL's words, `gzip`,
   * `zstd:level=3,workers=2`, or as an object. Such archives are read as bytes only. Default: not at all.
   */
  compression?: string | BackupCompression | undefined;
  /**
   * Only what changed since an earlier backup (PostgreSQL 17, with `summarize_wal = on`): its manifest,
   * as the path of its file or as bytes. `walscope combinebackup` puts a chain together.
   */
  incremental?: string | URL | Uint8Array | undefined;
  /**
   * Whether tablespaces' places stand in a file `tablespace_map` instead of symbolic links: for archives
   * that are kept as they are, and unpacked where links cannot be. Not for `unpack()`. Default false.
   */
  tablespaceMap?: boolean | undefined;
  /**
   * Where the server puts it: `client` sends it; `{ server: '/new/directory' }` keeps it there,
   * `blackhole` throws it away, `{ name, detail }` is a target that an extension has (all PostgreSQL
   * 15). Archives that are not sent have no bytes. Default `client`.
   */
  target?:
    | 'client'
    | 'blackhole'
    | { server: string }
    | { name: string; detail?: string | undefined }
    | undefined;
  /** Whether the server estimates the size beforehand, which takes it a moment. Default true. */
  estimate?: boolean | undefined;
  /** Ends the backup, also while it starts: what is pending or next rejects with its reason. */
  signal?: AbortSignal | undefined;
  /**
   * Is told how far it is, when an archive begins, about once a second (PostgreSQL 14: each MB), and at
   * the end. When it throws, the backup ends with its error.
   */
  onProgress?: ((progress: BackupProgress) => void) | undefined;
  /** Is told what the server remarks, such as pages whose checksum is wrong. The same when it throws. */
  onNotice?: ((notice: BackupNotice) => void) | undefined;
}

/** A way of compressing with its details. What a method does not have is refused. */
export interface BackupCompression {
  method: 'gzip' | 'lz4' | 'zstd';
  /** gzip 1 to 9, lz4 0 to 12, zstd -131072 to 22. Default: the method's own. */
  level?: number | undefined;
  /** How many threads of the server compress (zstd only). */
  workers?: number | undefined;
  /** Whether repetitions are found over long distances (zstd only, PostgreSQL 16). Default false. */
  long?: boolean | undefined;
}

/** How far a backup is. */
export interface BackupProgress {
  /** Bytes that the server has read, before it compressed them. */
  readonly done: number;
  /**
   * How many there will be, by the server's estimate at the beginning; never less than `done`, and the
   * same at the end. Null without `estimate`.
   */
  readonly total: number | null;
  /** The archive that is under way. */
  readonly archive: string | null;
  /** Its tablespace; null: the data directory. */
  readonly tablespace: BackupTablespace | null;
}

/** A remark of the server. What it does not have is missing. */
export interface BackupNotice {
  readonly severity: string;
  /** A SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
}

/** A tablespace outside of the data directory. */
export interface BackupTablespace {
  readonly oid: number;
  /** Where the server has it; a path that is not absolute is one within the data directory. */
  readonly location: string;
  /** How much it has, by the server's estimate. Null without `estimate`. */
  readonly size: number | null;
}

/** How a backup ended. */
export interface BackupEnd {
  /** Recovery needs the log from here. */
  readonly startLsn: string;
  readonly startTimeline: number;
  /** And to here. */
  readonly endLsn: string;
  readonly endTimeline: number;
}

/** Where a backup is unpacked. */
export interface UnpackOptions {
  /**
   * Where tablespaces are put instead of where the server has them: `{ [location]: directory }`. Without
   * it they are put into the server's places, which must be empty or missing on this machine.
   */
  tablespaceMapping?: { readonly [location: string]: string | URL } | undefined;
  /**
   * Makes it a standby of the server: `standby.signal`, and `primary_conninfo` in
   * `postgresql.auto.conf`, with the client's password if it has one; with `slot`, `primary_slot_name`
   * too. Default false.
   */
  writeRecoverySettings?: boolean | { slot?: string | undefined } | undefined;
  /** Whether everything is flushed to disk before it counts as done. Default true. */
  sync?: boolean | undefined;
}

/**
 * A base backup that is under way. It has one consumer, and nothing is read ahead of it: a slow one slows
 * the server down.
 *
 * It is whole when the loop over it has come to its end by itself, or `unpack()` resolves; then `end` is
 * there. Whatever ends it before (the loop is left, an archive's bytes are left, the signal, the
 * connection, `close()`) ends it on the server too, and each later step rejects with that.
 */
export declare class BaseBackup implements AsyncIterable<BackupArchive>, AsyncDisposable {
  private constructor();
  /** Recovery needs the log from here. */
  readonly startLsn: string;
  readonly startTimeline: number;
  /** Those outside of the data directory, in the order of their archives. */
  readonly tablespaces: readonly BackupTablespace[];
  /** Null until the backup is whole. */
  readonly end: BackupEnd | null;
  readonly progress: BackupProgress;
  /** What the server has remarked, each on one line, the newest 256 at most. */
  readonly notices: string[];
  /**
   * The archives: those of tablespaces, that of the data directory, the manifest. One that is not touched
   * is passed over when the next is asked for.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<BackupArchive>;
  /**
   * Unpacks all of it into a directory that a server can be started on, as `pg_basebackup` does: files with
   * their modes and times, tablespaces beside it, everything flushed, and the manifest under its name
   * only then. Names in archives are not trusted: what leads out of the directory is refused. When it
   * fails, what was made is removed again (but after a wrong page checksum, XX001, left without a
   * manifest).
   *
   * @param directory new, or empty
   */
  unpack(directory: string | URL, options?: UnpackOptions): Promise<BackupEnd>;
  /** Ends it; resolves when the connection is gone, and what `unpack()` had made. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Bytes that come from the server once, to be read in one way; later is `WALSCOPE_CONTENT_OVER`. */
declare class BackupContent implements AsyncIterable<Uint8Array> {
  protected constructor();
  readonly name: string;
  /** The bytes, in pieces of a few hundred kB at most. Each has memory of its own. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array>;
  /** All of them. Throws when they are more than `maxBytes`: 64 MiB by default. */
  bytes(options?: { maxBytes?: number | undefined }): Promise<Uint8Array>;
  /**
   * A stream of Node, for `pipeline()` or an upload.
   *
   * @param options `highWaterMark`: how many bytes are read ahead, 256 KiB by default
   */
  toReadable(options?: { highWaterMark?: number | undefined }): Readable;
  /** The same as a stream of the web. */
  toReadableStream(): ReadableStream<Uint8Array>;
}

/**
 * An archive. Its bytes, once begun, must be read to their end: leaving them, or destroying their stream,
 * ends the backup (`WALSCOPE_BACKUP_INCOMPLETE`), and so does asking for the next archive meanwhile.
 */
export declare class BackupArchive extends BackupContent {
  /** The data directory, a tablespace outside of it, or the manifest, which is a file of JSON. */
  readonly kind: 'data' | 'tablespace' | 'manifest';
  /** `base.tar`, `16400.tar`, `backup_manifest`; with the suffix of the server's compression. */
  readonly name: string;
  /** The tablespace, if it is one's. */
  readonly tablespace: BackupTablespace | null;
  /** How the server has compressed it. */
  readonly compression: 'gzip' | 'lz4' | 'zstd' | null;
  /**
   * What is in the archive, in its order. What is not read is passed over: a file, the rest of one, the
   * rest of them. Not of archives that the server has compressed.
   */
  files(): AsyncIterableIterator<BackupFile>;
}

/** A file, directory or symbolic link in an archive. */
export declare class BackupFile extends BackupContent {
  /** Its path in the archive: `base/5/1259`. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** In bytes; 0 of what is no file. */
  readonly size: number;
  /** Its permissions: `0o600`. */
  readonly mode: number;
  /** When it was changed last. */
  readonly modified: Date;
  /** Where a symbolic link leads. */
  readonly linkTarget: string | null;
}
