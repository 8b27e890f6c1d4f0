/** The words of a batch's index, and the numbers that two of them make. */

import { lsnText, timeText } from './lsn.js';

/**
 * A word of a batch's index. Core promises that every word that a record's kind has is there.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {number}
 */
export function wordAt(words, at) {
  return /** @type {number} */ (words[at]);
}

/**
 * The LSN in two words; null when it is 0, which is PostgreSQL's way to say that there is none.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {string | null}
 */
export function lsnAt(words, at) {
  const low = wordAt(words, at);
  const high = wordAt(words, at + 1);
  return low === 0 && high === 0 ? null : lsnText(low, high);
}

/**
 * @param {Int32Array} words
 * @param {number} at
 * @returns {string}
 */
export function timeAt(words, at) {
  return timeText(wordAt(words, at), wordAt(words, at + 1));
}

/**
 * A 64-bit count. Counts stay far below what a double holds exactly.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {number}
 */
export function countAt(words, at) {
  return (wordAt(words, at) >>> 0) + wordAt(words, at + 1) * 0x1_0000_0000;
}
