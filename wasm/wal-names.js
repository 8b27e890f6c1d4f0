// What every entry of the log's half exports beside its own `init`.

import { WalReaderBase } from './wal/reader.js';
import { walStatsWith } from './wal/statistics.js';
import { binding } from './wal-start.js';

export * from './wal/public.js';
export { initSync } from './wal-start.js';

/** Reads the log from chunks that are cut anywhere. */
export class WalReader extends WalReaderBase {
  /** @param {import('./wal/options.js').WalOptions} [options] */
  constructor(options) {
    super(binding(), options);
  }
}

/**
 * What resource managers, kinds of records, relations, transactions or minutes take up in the log.
 *
 * @param {Uint8Array | ArrayBuffer | import('./wal/statistics.js').ByteStream} input
 * @param {import('./wal/statistics.js').WalStatsOptions} [options]
 */
export function walStats(input, options) {
  return walStatsWith(binding(), input, options);
}
