/** The error that a batch tells of, as an exception. */

import { DecodeError } from './errors.js';
import { readFacts } from './facts.js';
import { ERROR_CODE, ERROR_VALUE, NOT_RESUMED, RECORD, UNSUPPORTED } from './layout.js';
import { lsnAt, wordAt } from './words.js';

const RESUME_HINT =
  'the transaction in hand does not come again as it was: drop what was read of it, and open the stream again';

const LOG_HINT =
  'it is the log itself, not what a slot sends: read it with WalReader of walscope/wal or walscope-wasm/wal';

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
  const number = wordAt(index, at + ERROR_CODE);
  const notResumed = number === NOT_RESUMED;
  const isLog = number === UNSUPPORTED;
  return new DecodeError({
    code: notResumed
      ? 'WALSCOPE_RESUME_MISMATCH'
      : ofValue
        ? 'WALSCOPE_BAD_VALUE'
        : isLog
          ? 'WALSCOPE_UNSUPPORTED'
          : 'WALSCOPE_DECODE',
    message: String(message),
    ...(notResumed && { hint: RESUME_HINT }),
    ...(isLog && { hint: LOG_HINT }),
    offset: Number(offset),
    lsn: lsnAt(index, at + RECORD.LSN),
    ...(ofValue && { relation: String(relation), column: String(column) }),
    ...(ofValue && { position: wordAt(index, place + 2) }),
    bytes: bytes.slice(from, from + wordAt(index, place + 1)),
  });
}
