/** Numbers straight from the bytes of their text: the commonest values need no string between. */

/** What `smallInteger` says of a text that is none. */
export const NO_INTEGER = -(2 ** 31);

/** So many digits make a number of 31 bits, and twice as many two of them. */
export const FEW_DIGITS = 9;
const BILLION = 1_000_000_000;
/** From here on a double holds only some of the integers. */
const INEXACT = 2 ** 53;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Of so many digits behind the point: exact, as all of them below 23. */
const POWERS_OF_TEN = Array.from({ length: 2 * FEW_DIGITS + 1 }, (_, digits) => 10 ** digits);

/**
 * An integer of at most 18 digits, rounded where a double has to; NaN for any other text.
 *
 * @param {Uint8Array} data
 * @param {number} start
 * @param {number} end
 * @returns {number}
 */
export function shortInteger(data, start, end) {
  const negative = data[start] === MINUS;
  const value = digits(data, negative ? start + 1 : start, end);
  if (value < 0) return NaN;
  return negative ? 0 - value : value;
}

/**
 * A number in digits, with a point or without, that both a double holds: without the point, and the
 * power of ten to divide it by then, which is rounded once, as it should be. NaN for any other text.
 *
 * @param {Uint8Array} data
 * @param {number} start
 * @param {number} end
 * @returns {number}
 */
export function shortDecimal(data, start, end) {
  const negative = data[start] === MINUS;
  const from = negative ? start + 1 : start;
  if (end - from > 2 * FEW_DIGITS) return NaN;
  let point = from;
  while (point < end && data[point] !== POINT) point += 1;
  let value = digits(data, from, point);
  if (value < 0) return NaN;
  if (point < end) {
    const fraction = digits(data, point + 1, end);
    const power = /** @type {number} */ (POWERS_OF_TEN[end - point - 1]);
    value = fraction < 0 ? INEXACT : value * power + fraction;
    if (value >= INEXACT) return NaN;
    value /= power;
  } else if (value >= INEXACT) return NaN;
  return negative ? -value : value;
}

/**
 * A number of at most 18 digits; less than 0 where there are more or others, or none.
 *
 * @param {Uint8Array} data
 * @param {number} from
 * @param {number} end
 * @returns {number}
 */
function digits(data, from, end) {
  if (end - from <= FEW_DIGITS) return fewDigits(data, from, end);
  if (end - from > 2 * FEW_DIGITS) return -1;
  const high = fewDigits(data, from, end - FEW_DIGITS);
  const low = fewDigits(data, end - FEW_DIGITS, end);
  return high < 0 || low < 0 ? -1 : high * BILLION + low;
}

/**
 * A number of at most nine digits; less than 0 where there are others, or none.
 *
 * @param {Uint8Array} data
 * @param {number} from
 * @param {number} end
 * @returns {number}
 */
function fewDigits(data, from, end) {
  return data[from] === MINUS ? -1 : smallInteger(data, from, end - from);
}

/**
 * An integer in at most nine characters; `NO_INTEGER` for any other text. Small integers all the way,
 * which the engine keeps in a register.
 *
 * @param {Uint8Array} data
 * @param {number} start
 * @param {number} length
 * @returns {number}
 */
export function smallInteger(data, start, length) {
  const end = start + length;
  const negative = data[start] === MINUS;
  let at = negative ? start + 1 : start;
  let value = at < end ? 0 : NO_INTEGER;
  for (; at < end; at += 1) {
    const digit = /** @type {number} */ (data[at]) - ZERO;
    if (digit < 0 || digit > 9) return NO_INTEGER;
    value = (value * 10 + digit) | 0;
  }
  return negative && value > 0 ? -value : value;
}

const halves = new DataView(new ArrayBuffer(8));

/**
 * The bigint of an integer that a double holds. Engines make one out of memory without a call, which
 * takes half the time of `BigInt`.
 *
 * @param {number} integer
 * @returns {bigint}
 */
export function bigintOf(integer) {
  halves.setInt32(0, integer, true);
  halves.setInt32(4, Math.floor(integer / 0x1_0000_0000), true);
  return halves.getBigInt64(0, true);
}
