/** The write-ahead log itself in Node: records from segment files, statistics of them. */

import { readWalWith, walStatsOfFiles } from './wal-files.js';
import { WalReaderBase } from './wal/reader.js';
import { walStatsWith } from './wal/statistics.js';
import { walBinding } from './wal-binding.js';

export * from './wal/public.js';

/**
 * Nothing to do here: `walscope-wasm/wal` has to load its module first, and programs for both call this.
 *
 * @returns {Promise<void>}
 */
export async function init() {}

/** Reads the log from chunks that are cut anywhere. */
export class WalReader extends WalReaderBase {
  /** @param {import('./wal/options.js').WalOptions} [options] */
  constructor(options) {
    super(walBinding(), options);
  }
}

/**
 * The records of segment files, in batches.
 *
 * @param {string | string[]} path a directory with segments, or the segments in their order
 * @param {import('./wal-files.js').ReadWalOptions} [options]
 */
export function readWal(path, options) {
  return readWalWith(walBinding(), path, options);
}

/**
 * What resource managers, kinds of records, relations, transactions or minutes take up in the log.
 *
 * @param {string | string[] | Uint8Array | ArrayBuffer | import('./wal/statistics.js').ByteStream} input
 *   bytes, a stream of them, or paths as `readWal` takes them
 * @param {import('./wal/statistics.js').WalStatsOptions} [options]
 */
export function walStats(input, options) {
  if (typeof input === 'string' || Array.isArray(input)) {
    return walStatsOfFiles(walBinding(), input, options);
  }
  return walStatsWith(walBinding(), input, options);
}
