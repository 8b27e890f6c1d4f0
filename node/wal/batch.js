/** A batch: a chunk of the log and core's table of the records that end in it. */

import { lsnText } from '../decoding/lsn.js';
import { lsnAt, wordAt } from '../decoding/words.js';
import { ENTRY, ERROR_LAST_RECORD, ERROR_RECORD, HEADER, KIND_ERROR } from './layout.js';
import { walError } from './problem.js';
import { WalRecord } from './record.js';

/**
 * @typedef {import('./binding.js').WalBinding} WalBinding
 * @typedef {import('./names.js').Names} Names
 * @typedef {import('../decoding/errors.js').DecodeError} DecodeError
 *
 * @typedef {object} BatchSource what all batches of a reader share
 * @property {WalBinding} binding
 * @property {Names} names
 * @property {'throw' | 'include'} errors
 * @property {'throw' | 'stop'} endOfLog
 * @property {string | null} firstLsn where the first chunk begins
 *
 * @typedef {{ kind: 'error', error: DecodeError }} WalProblem
 */

export class WalBatch {
  #source;

  /**
   * Made by readers, not by users.
   *
   * @param {Uint8Array} bytes the chunk, and core's own bytes behind it
   * @param {Int32Array} index
   * @param {BatchSource} source
   */
  constructor(bytes, index, source) {
    this.#source = source;
    this.bytes = bytes;
    this.index = index;
  }

  get binding() {
    return this.#source.binding;
  }

  get names() {
    return this.#source.names;
  }

  /** How many entries it has: records, and with `errors: 'include'` errors. */
  get length() {
    return wordAt(this.index, HEADER.ENTRIES);
  }

  /** Where the chunk's first byte belongs; null while that is not known. */
  get startLsn() {
    return lsnAt(this.index, HEADER.START);
  }

  /** Where the next chunk's first byte belongs; null while that is not known. */
  get endLsn() {
    return lsnAt(this.index, HEADER.END);
  }

  /**
   * An entry by its number; undefined where there is none. An error is thrown unless errors are
   * included.
   *
   * @param {number} number
   * @returns {WalRecord | WalProblem | undefined}
   */
  at(number) {
    if (!(number >= 0 && number < this.length)) return undefined;
    const at = HEADER.LENGTH + number * ENTRY.LENGTH;
    if ((wordAt(this.index, at) & 0xff) !== KIND_ERROR) return new WalRecord(this, at);
    const error = this.#error(at);
    if (this.#isExpected(error)) return undefined;
    if (this.#source.errors === 'include') return { kind: 'error', error };
    throw error;
  }

  /**
   * The error that ends this batch; null without one.
   *
   * @returns {DecodeError | null}
   */
  get error() {
    const at = HEADER.LENGTH + (this.length - 1) * ENTRY.LENGTH;
    if (this.length === 0 || (wordAt(this.index, at) & 0xff) !== KIND_ERROR) return null;
    return this.#error(at);
  }

  /**
   * Throws the error that ends this batch, if that is to be thrown: for who does not iterate it.
   */
  check() {
    const { error } = this;
    if (error !== null && this.#source.errors === 'throw' && !this.#isExpected(error)) throw error;
  }

  /** @param {DecodeError} error */
  #isExpected(error) {
    return error.code === 'WALSCOPE_WAL_END' && this.#source.endOfLog === 'stop';
  }

  /**
   * The entries in their order.
   *
   * @returns {Generator<WalRecord | WalProblem, void, undefined>}
   */
  *[Symbol.iterator]() {
    for (let number = 0; number < this.length; number += 1) {
      const entry = this.at(number);
      if (entry === undefined) return;
      yield entry;
    }
  }

  /**
   * @param {number} at
   * @returns {DecodeError}
   */
  #error(at) {
    const { bytes, index } = this;
    const from = wordAt(index, at + ENTRY.OFFSET);
    const text = new TextDecoder().decode(
      bytes.subarray(from, from + wordAt(index, at + ENTRY.SIZE)),
    );
    return walError(
      {
        text,
        isEnd: ((wordAt(index, at) >>> 16) & 0xff) !== 0,
        lsn: lsnText(wordAt(index, at + ENTRY.LSN), wordAt(index, at + ENTRY.LSN + 1)),
        record: lsnText(wordAt(index, at + ERROR_RECORD), wordAt(index, at + ERROR_RECORD + 1)),
        last: lsnText(
          wordAt(index, at + ERROR_LAST_RECORD),
          wordAt(index, at + ERROR_LAST_RECORD + 1),
        ),
      },
      this.#source.firstLsn,
    );
  }
}
