/** What is wrong with the log, as an exception. */

import { DecodeError } from '../decoding/errors.js';
import { lsn as positions } from '../decoding/lsn.js';

const NOWHERE = '0/0';

/**
 * @typedef {object} Problem what core says of an error
 * @property {string} text
 * @property {boolean} isEnd whether this is what the end of the log looks like
 * @property {string} lsn the position that the text names
 * @property {string} record where the record begins that is wrong
 * @property {string} last where the last record began that was right; 0/0 without one
 */

/**
 * The error in `pg_waldump`'s words.
 *
 * @param {Problem} problem
 * @param {string | null} firstLsn where the input begins; what does not say that begins at 0/0
 * @returns {DecodeError}
 */
export function walError({ text, isEnd, lsn, record, last }, firstLsn) {
  const first = firstLsn ?? NOWHERE;
  const place =
    last === NOWHERE
      ? `could not find a valid record after ${first}`
      : `error in WAL record at ${last}`;
  const at = positions.compare(record, lsn) > 0 ? record : lsn;
  const offset = Number(positions.parse(at) - positions.parse(first));
  return new DecodeError({
    code: isEnd ? 'WALSCOPE_WAL_END' : 'WALSCOPE_DECODE',
    message: `${place}: ${text}`,
    hint: isEnd
      ? "the log ends here, as it does in the last segment of a running server: with endOfLog: 'stop' that is no error"
      : "with errors: 'include' reading goes on with the next record that is right",
    lsn,
    offset: offset >= 0 ? offset : null,
  });
}

/**
 * That a log ends within a page.
 *
 * @param {number} partial bytes of the page
 * @param {string | null} position
 */
export function cutError(partial, position) {
  return new DecodeError({
    code: 'WALSCOPE_DECODE',
    message: `the log is cut at ${position ?? `byte ${partial}`}, within a page, of which there are ${partial} bytes`,
    hint: 'give the whole file: a segment has whole pages of 8192 bytes',
    lsn: position,
  });
}
