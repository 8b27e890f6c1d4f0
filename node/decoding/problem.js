/** The error that a batch tells of, as an exception. */

import { DecodeError } from './errors.js';
import { readFacts } from './facts.js';
import { RECORD } from './layout.js';
import { lsnAt, wordAt } from './words.js';

/**
 * @param {import('./batch.js').Batch} batch
 * @param {number} at the error's record
 * @returns {DecodeError}
 */
export function errorOf(batch, at) {
  const { message, offset } = readFacts(batch.index, at, batch.bytes, batch.relations);
  const from = wordAt(batch.index, at + RECORD.OFFSET);
  const bytes = batch.bytes.slice(from, from + wordAt(batch.index, at + RECORD.SIZE));
  return new DecodeError({
    code: 'WALSCOPE_DECODE',
    message: String(message),
    offset: Number(offset),
    lsn: lsnAt(batch.index, at + RECORD.LSN),
    bytes,
  });
}
