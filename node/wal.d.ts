/**
 * The write-ahead log itself in Node: records from segment files.
 */

import type {
  ByteStream,
  WalBatch,
  WalOptions,
  WalProblem,
  WalRecord,
  WalStatistics,
  WalStatsOptions,
} from './wal/types.js';

export * from './wal/types.js';

/** Nothing to do here: `walscope-wasm/wal` has to load its module first, and programs for both call this. */
export declare function init(): Promise<void>;

/** What of the files is read, and how. `timeline` also chooses files: default the newest there is. */
export type ReadWalOptions = Omit<WalOptions, 'input'>;

/**
 * The records of segment files, in batches, in memory of a few MiB however much there is.
 *
 * @param path a directory (`pg_wal`, a data directory, an archive), of which the segments of one
 *   timeline and of those that led to it are read, one behind the other; or a file; or files in their
 *   order. A segment that is missing in between is an error, behind all that comes before it.
 */
export declare function readWal(
  path: string | string[],
  options: ReadWalOptions & { errors: 'include' },
): AsyncIterableIterator<WalBatch<WalRecord | WalProblem>>;
export declare function readWal(
  path: string | string[],
  options?: ReadWalOptions,
): AsyncIterableIterator<WalBatch>;

/**
 * What resource managers, kinds of records, relations, transactions or minutes take up in the log: of
 * bytes, of a stream of them, or of files as `readWal` takes them.
 */
export declare function walStats(
  path: string | string[],
  options?: Omit<WalStatsOptions, 'input'>,
): Promise<WalStatistics>;
export declare function walStats(
  input: Uint8Array | ArrayBuffer,
  options?: WalStatsOptions,
): WalStatistics;
export declare function walStats(
  input: ByteStream,
  options?: WalStatsOptions,
): Promise<WalStatistics>;
