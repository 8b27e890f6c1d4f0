/** LSNs and commit times in the forms that people read. */

import { WalscopeError } from './errors.js';

const LSN_TEXT = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;
const LARGEST = 0xffff_ffff_ffff_ffffn;

/**
 * @param {unknown} value
 * @returns {never}
 */
function refuse(value) {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  throw new WalscopeError({
    code: 'WALSCOPE_BAD_LSN',
    message: `not an LSN: ${shown}`,
    hint: 'an LSN is two hexadecimal numbers with a slash between them, such as 16/B374D848',
  });
}

/**
 * An LSN's text as a number.
 *
 * @param {string} text
 * @returns {bigint}
 */
function parse(text) {
  const halves = LSN_TEXT.exec(text);
  if (halves === null) return refuse(text);
  return (BigInt(`0x${halves[1]}`) << 32n) | BigInt(`0x${halves[2]}`);
}

/**
 * A number as an LSN's text.
 *
 * @param {bigint} value
 * @returns {string}
 */
function format(value) {
  if (typeof value !== 'bigint' || value < 0n || value > LARGEST) return refuse(value);
  return lsnText(Number(value & 0xffff_ffffn), Number(value >> 32n));
}

/**
 * @param {string | bigint} value
 * @returns {bigint}
 */
function numberOf(value) {
  return typeof value === 'bigint' ? value : parse(value);
}

/**
 * Negative when `a` lies before `b`, positive when after, 0 when they are equal: for `sort`.
 *
 * @param {string | bigint} a
 * @param {string | bigint} b
 * @returns {-1 | 0 | 1}
 */
function compare(a, b) {
  const left = numberOf(a);
  const right = numberOf(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** LSNs are text for people; these are for arithmetic and order. */
export const lsn = Object.freeze({ parse, format, compare });

/**
 * The text of an LSN given as two words.
 *
 * @param {number} low
 * @param {number} high
 * @returns {string}
 */
export function lsnText(low, high) {
  return `${hex(high)}/${hex(low)}`;
}

/**
 * The text of a position, which sorts as positions do: the transaction's LSN as 16 digits, a slash,
 * the number of the change in the transaction as 10.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} seq
 * @returns {string}
 */
export function positionText(low, high, seq) {
  return `${hex(high).padStart(8, '0')}${hex(low).padStart(8, '0')}/${String(seq).padStart(10, '0')}`;
}

/**
 * @param {number} word
 * @returns {string}
 */
function hex(word) {
  return (word >>> 0).toString(16).toUpperCase();
}

const MICROSECONDS_PER_DAY = 86_400_000_000n;
/** Days from 0000-03-01, where the calendar below begins, to 2000-01-01, where PostgreSQL's does. */
const DAYS_TO_2000 = 730_425;
const DAYS_PER_ERA = 146_097;

/**
 * A time given as two words of microseconds since 2000-01-01 UTC, as ISO 8601 with six digits of
 * seconds. `Date` would lose the microseconds, and refuses years that 64 bits can hold.
 *
 * @param {number} low
 * @param {number} high
 * @returns {string}
 */
export function timeText(low, high) {
  const total = (BigInt(high) << 32n) | BigInt(low >>> 0);
  let days = total / MICROSECONDS_PER_DAY;
  let rest = total % MICROSECONDS_PER_DAY;
  if (rest < 0n) {
    days -= 1n;
    rest += MICROSECONDS_PER_DAY;
  }
  const micros = Number(rest);
  const seconds = Math.floor(micros / 1_000_000);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const fraction = String(micros % 1_000_000).padStart(6, '0');
  return `${dayText(Number(days))}T${clock.map(twoDigits).join(':')}.${fraction}Z`;
}

/**
 * The date that lies `days` after 2000-01-01, counted in eras of 400 years that begin on 1 March.
 *
 * @param {number} days
 * @returns {string}
 */
function dayText(days) {
  const shifted = days + DAYS_TO_2000;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const day = shifted - era * DAYS_PER_ERA;
  const leapDays = Math.floor(day / 1460) - Math.floor(day / 36_524) + Math.floor(day / 146_096);
  const year = Math.floor((day - leapDays) / 365);
  const dayOfYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const fullYear = year + era * 400 + (month <= 2 ? 1 : 0);
  return `${yearText(fullYear)}-${twoDigits(month)}-${twoDigits(dayOfMonth)}`;
}

/**
 * @param {number} year
 * @returns {string}
 */
function yearText(year) {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return (year < 0 ? '-' : '+') + String(Math.abs(year)).padStart(6, '0');
}

/**
 * @param {number} value
 * @returns {string}
 */
function twoDigits(value) {
  return String(value).padStart(2, '0');
}
