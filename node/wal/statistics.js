/** Statistics of the log. */

import { badOption, choose } from '../decoding/options.js';
import { pieces } from '../decoding/pieces.js';
import { walOptions } from './options.js';
import { cutError, walError } from './problem.js';

/**
 * @typedef {import('./binding.js').WalBinding} WalBinding
 * @typedef {'rmgr' | 'record' | 'relation' | 'transaction' | 'time'} StatsBy
 * @typedef {import('./options.js').WalOptions & { by?: StatsBy }} WalStatsOptions
 * @typedef {import('../decoding/pieces.js').ByteStream} ByteStream
 *
 * @typedef {object} WalCount
 * @property {string} name
 * @property {number} records
 * @property {number} recordBytes
 * @property {number} fpiBytes
 *
 * @typedef {object} WalStatistics
 * @property {StatsBy} by
 * @property {number | null} version
 * @property {string | null} startLsn
 * @property {string | null} endLsn
 * @property {WalCount[]} rows
 * @property {WalCount} total
 * @property {string} table
 * @property {import('../decoding/errors.js').DecodeError[]} errors
 * @property {number} moreErrors
 */

const CHOICES = { by: ['rmgr', 'record', 'relation', 'transaction', 'time'] };

/** How much of a log in memory is counted at a time. */
const PIECE_BYTES = 1 << 18;

/** Counts the log in pieces. */
export class Counting {
  #raw;
  #by;
  #options;
  #done = false;

  /**
   * @param {WalBinding} binding
   * @param {WalStatsOptions} options
   */
  constructor(binding, options) {
    this.#options = walOptions(options, Object.keys(CHOICES));
    this.#by = /** @type {StatsBy} */ (choose({ ...options }, CHOICES).by);
    this.#raw = new binding.RawWalStatistics(this.#options.raw, this.#by);
  }

  get done() {
    return this.#done;
  }

  /** @param {Uint8Array} piece */
  push(piece) {
    if (!(piece instanceof Uint8Array)) {
      throw badOption('a chunk of the log is not a Uint8Array', 'pass the bytes as they are');
    }
    // Memory is that of a piece, whatever comes at once.
    for (let at = 0; at < piece.length && !this.#done; at += PIECE_BYTES) {
      this.#done = this.#raw.push(piece.subarray(at, at + PIECE_BYTES));
    }
  }

  /** @returns {WalStatistics} */
  finish() {
    const result = JSON.parse(this.#raw.result());
    const { version, input, startLsn, endLsn, position, partial } = result;
    const { rows, total, table, problems, skipped } = result;
    const { errors, endOfLog } = this.#options;
    /** @type {import('../decoding/errors.js').DecodeError[]} */
    const found = problems.map((/** @type {import('./problem.js').Problem} */ problem) =>
      walError(problem, input),
    );
    const wrong = found.filter(({ code }) => code !== 'WALSCOPE_WAL_END' || endOfLog === 'throw');
    if (wrong[0] !== undefined && errors === 'throw') throw wrong[0];
    if (partial !== 0 && !this.#done) {
      const cut = cutError(partial, position === '0/0' ? null : position);
      if (errors === 'throw') throw cut;
      wrong.push(cut);
    }
    return {
      by: this.#by,
      version,
      startLsn,
      endLsn,
      rows: rows.map(countOf),
      total: countOf(total),
      table,
      errors: wrong,
      moreErrors: skipped,
    };
  }

  free() {
    this.#raw.free?.();
  }
}

/**
 * @param {[string, number, number, number]} row
 * @returns {WalCount}
 */
function countOf([name, records, recordBytes, fpiBytes]) {
  return { name, records, recordBytes, fpiBytes };
}

/**
 * @param {WalBinding} binding
 * @param {Uint8Array | ArrayBuffer | ByteStream} input
 * @param {WalStatsOptions} [options]
 * @returns {WalStatistics | Promise<WalStatistics>}
 */
export function walStatsWith(binding, input, options = {}) {
  if (input instanceof ArrayBuffer) return countBytes(binding, new Uint8Array(input), options);
  if (input instanceof Uint8Array) return countBytes(binding, input, options);
  const isObject = typeof input === 'object' && input !== null;
  if (isObject && (Symbol.asyncIterator in input || 'getReader' in input)) {
    return countStream(new Counting(binding, options), pieces(input));
  }
  throw badOption(
    'walStats was given neither bytes nor a stream of them',
    'pass a Uint8Array, an ArrayBuffer, a ReadableStream or an async iterable of Uint8Array',
  );
}

/**
 * @param {WalBinding} binding
 * @param {Uint8Array} bytes
 * @param {WalStatsOptions} options
 */
function countBytes(binding, bytes, options) {
  const counting = new Counting(binding, options);
  try {
    counting.push(bytes);
    return counting.finish();
  } finally {
    counting.free();
  }
}

/**
 * @param {Counting} counting
 * @param {AsyncIterable<Uint8Array>} stream
 */
export async function countStream(counting, stream) {
  try {
    for await (const piece of stream) {
      counting.push(piece);
      if (counting.done) break;
    }
    return counting.finish();
  } finally {
    counting.free();
  }
}
