/** What changes and cursor rows show to the rest of this folder, and to nobody else. */

import { DecodeError } from './errors.js';
import { RECORD } from './layout.js';
import { lsnAt } from './words.js';

/**
 * @typedef {object} View
 * @property {Int32Array} words
 * @property {number} at where the record begins in `words`
 * @property {import('./text.js').TextSource} source the bytes that its columns point into
 * @property {import('./facts.js').Relations} relations
 * @property {import('./facts.js').Context | null} context
 * @property {Record<string, unknown>} facts what `readFacts` read
 *
 * @typedef {{ [VIEW](): View }} Viewable a change or a cursor row
 */

/** The name of the method that gives a `View`. */
export const VIEW = Symbol('walscope.view');

/**
 * Adds to an error in a value which message the value belongs to.
 *
 * @param {unknown} error
 * @param {Int32Array} words
 * @param {number} at
 * @returns {unknown}
 */
export function located(error, words, at) {
  if (error instanceof DecodeError && error.lsn === null) {
    error.lsn = lsnAt(words, at + RECORD.LSN);
  }
  return error;
}
