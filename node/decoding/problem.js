/** The error that a batch tells of, as an exception. */

import { DecodeError } from './errors.js';
import { readFacts } from './facts.js';
import { ERROR_VALUE, RECORD } from './layout.js';
import { lsnAt, wordAt } from './words.js';

/**
 * @param {import('./batch.js').Batch} batch
 * @param {number} at the error's record
 * @returns {DecodeError}
 */
export function errorOf(batch, at) {
  const { bytes, index, relations } = batch;
  const { message, offset, relation, column } = readFacts(index, at, bytes, relations);
  const ofValue = relation !== undefined;
  const place = at + (ofValue ? ERROR_VALUE : RECORD.OFFSET);
  const from = wordAt(index, place);
  return new DecodeError({
    code: ofValue ? 'WALSCOPE_BAD_VALUE' : 'WALSCOPE_DECODE',
    message: String(message),
    offset: Number(offset),
    lsn: lsnAt(index, at + RECORD.LSN),
    ...(ofValue && { relation: String(relation), column: String(column) }),
    ...(ofValue && { position: wordAt(index, place + 2) }),
    bytes: bytes.slice(from, from + wordAt(index, place + 1)),
  });
}
