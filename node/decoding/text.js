/**
 * Text out of a batch's bytes.
 *
 * Core marks every value as ASCII or not. ASCII values are cut out of a latin1 string of the bytes
 * around them, which costs a tenth of decoding each by itself. V8's cut strings keep the string that
 * they were cut from alive, so that string is never longer than `WINDOW_BYTES`.
 */

import { NON_ASCII, NULL_VALUE, UNCHANGED_VALUE } from './layout.js';

/** The longest stretch of bytes that one string is made of, and that a kept change keeps alive. */
export const WINDOW_BYTES = 16 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });
// This label means windows-1252 to a TextDecoder: the same as latin1 for ASCII, and it is used for
// nothing else here.
const ascii = new TextDecoder('latin1');

/**
 * Node's own reader of latin1 is ten times faster than its TextDecoder for that encoding; hosts
 * without it use the standard one.
 *
 * @type {((from: number, to: number) => string) | undefined}
 */
const latin1Slice = /** @type {any} */ (globalThis).Buffer?.prototype?.latin1Slice;

/** What decoders that go on make of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';
const BOM_AND_BAD_BYTE = Uint8Array.of(0xef, 0xbb, 0xbf, 0xff);

/**
 * Node's own reader of UTF-8, which goes on after bytes that are not, and needs no view of those that
 * are meant: a third faster than its TextDecoder. Taken where it keeps a BOM.
 *
 * @type {((from: number, to: number) => string) | undefined}
 */
const utf8Slice = (() => {
  const slice = /** @type {any} */ (globalThis).Buffer?.prototype?.utf8Slice;
  const read = slice?.call(BOM_AND_BAD_BYTE, 0, BOM_AND_BAD_BYTE.length);
  return read === `\ufeff${REPLACEMENT}` ? slice : undefined;
})();

/**
 * Bytes as characters of the same number. Right for ASCII only.
 *
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to
 * @returns {string}
 */
function asciiText(bytes, from, to) {
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, from, to);
  return ascii.decode(bytes.subarray(from, to));
}

/**
 * How many bytes a text has, by the second word of its pair.
 *
 * @param {number} length
 * @returns {number}
 */
export function textSize(length) {
  return length < 0 ? NON_ASCII - length : length;
}

/** A stretch of a batch's bytes, addressed by the offsets that the batch's index has. */
export class TextSource {
  #text = '';
  #textStart = 0;

  /**
   * @param {Uint8Array} bytes
   * @param {number} base the offset of the first of these bytes
   * @param {number | null} position where the batch's first byte lies in the whole input
   */
  constructor(bytes, base, position) {
    this.data = bytes;
    this.base = base;
    this.position = position;
  }

  /**
   * Where a byte lies in the whole input; null where that is not known.
   *
   * @param {number} offset
   * @returns {number | null}
   */
  place(offset) {
    return this.position === null ? null : this.position + offset;
  }

  /**
   * An ASCII value.
   *
   * @param {number} offset
   * @param {number} length
   * @returns {string}
   */
  ascii(offset, length) {
    const from = offset - this.#textStart;
    if (from < 0 || from + length > this.#text.length) return this.#fill(offset, length);
    return this.#text.slice(from, from + length);
  }

  /**
   * Makes the string that `ascii` cuts from reach over this value and what follows it.
   *
   * @param {number} offset
   * @param {number} length
   * @returns {string}
   */
  #fill(offset, length) {
    const { data, base } = this;
    const whole = data.length <= WINDOW_BYTES;
    const from = whole ? 0 : offset - base;
    if (length > WINDOW_BYTES) return asciiText(data, from, from + length);
    this.#text = asciiText(data, from, Math.min(from + WINDOW_BYTES, data.length));
    this.#textStart = from + base;
    return this.#text.slice(offset - this.#textStart, offset - this.#textStart + length);
  }

  /**
   * A value that holds bytes outside ASCII. Throws when it is not UTF-8.
   *
   * @param {number} offset
   * @param {number} length
   * @returns {string}
   */
  utf8(offset, length) {
    if (utf8Slice !== undefined) {
      const from = offset - this.base;
      const text = utf8Slice.call(this.data, from, from + length);
      // A text may hold this character itself.
      if (!text.includes(REPLACEMENT)) return text;
    }
    return utf8.decode(this.view(offset, length));
  }

  /**
   * The bytes of a value, not copied: for use at once.
   *
   * @param {number} offset
   * @param {number} length
   * @returns {Uint8Array}
   */
  view(offset, length) {
    const from = offset - this.base;
    return this.data.subarray(from, from + length);
  }

  /**
   * The bytes of a column from its pair of words: null for NULL, undefined when it was not sent.
   *
   * @param {number} offset
   * @param {number} length
   * @returns {Uint8Array | null | undefined}
   */
  columnBytes(offset, length) {
    if (length === NULL_VALUE) return null;
    if (length === UNCHANGED_VALUE) return undefined;
    return this.copy(offset < 0 ? ~offset : offset, textSize(length));
  }

  /**
   * The bytes of a value, for the user to keep.
   *
   * @param {number} offset
   * @param {number} length
   * @returns {Uint8Array}
   */
  copy(offset, length) {
    const from = offset - this.base;
    return this.data.slice(from, from + length);
  }
}

/**
 * Text of the protocol itself (names of tables, prefixes), where a database without an encoding can
 * put any bytes: those that are not UTF-8 become U+FFFD, because a name must have some text.
 *
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} length -1 for a string that is absent
 * @returns {string | null}
 */
export function nameText(bytes, offset, length) {
  return length < 0 ? null : lossyUtf8.decode(bytes.subarray(offset, offset + length));
}

/**
 * Text, or null when the bytes are not UTF-8.
 *
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function utf8OrNull(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Where the first byte lies that is not UTF-8; -1 when there is none.
 *
 * @param {Uint8Array} bytes
 * @returns {number}
 */
export function firstBadByte(bytes) {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return -1;
}

/**
 * The length of the well-formed UTF-8 sequence at `at`, by table 3-7 of the Unicode standard; 0 when
 * there is none.
 *
 * @param {Uint8Array} bytes
 * @param {number} at
 * @returns {number}
 */
function sequenceLength(bytes, at) {
  const lead = /** @type {number} */ (bytes[at]);
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < length; i += 1) {
    const byte = bytes[at + i];
    // The second byte's range is narrower after some leads: no overlong forms, no surrogates.
    const low = i > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = i > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (byte === undefined || byte < low || byte > high) return 0;
  }
  return length;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function hexText(bytes) {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
