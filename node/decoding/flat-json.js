/**
 * JSON objects of one level, straight from their bytes.
 *
 * The objects in a column mostly have the same keys in the same order, and whoever writes them leaves
 * the same white space: what stands around their values is the same text. Where it is, only the values
 * are read. All others are left to `JSON.parse`, which takes two to four times as long.
 */

import { shortDecimal } from './numbers.js';

/**
 * @typedef {import('./text.js').TextSource} TextSource
 * @typedef {Record<string, unknown>} PlainObject
 */

const QUOTE = 0x22; // '"'
const BACKSLASH = 0x5c;
const CLOSES = 0x7d; // '}'
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const SPACE = 0x20;
const T = 0x74;
const F = 0x66;
const N = 0x6e;
const TRUE = codesOf('true');
const FALSE = codesOf('false');
const NULL = codesOf('null');

/** V8 takes an object with many more keys, set one after the other, for a dictionary: that is slow. */
const MOST_KEYS = 16;
/** Finding out the form of an object takes as long as parsing so many. */
const COST = 16;
const MOST_CREDIT = 256;

/** Where no object ends. */
const NOWHERE = -1;

/** The objects of a column. */
export class FlatJson {
  /** @type {Form | null} */
  #form = null;
  // A column whose objects differ again and again is given up.
  #credit = MOST_CREDIT;

  /**
   * The object in an ASCII text, if it has the form that is known.
   *
   * @param {TextSource} source
   * @param {number} offset
   * @param {number} length
   * @returns {PlainObject | undefined}
   */
  read(source, offset, length) {
    if (this.#form === null) return undefined;
    const start = offset - source.base;
    const object = this.#form.read(source, start, start + length);
    if (object !== undefined && this.#credit < MOST_CREDIT) this.#credit += 1;
    return object;
  }

  /**
   * Finds out the form of an object that was parsed, for those after it.
   *
   * @param {unknown} value
   * @param {TextSource} source
   * @param {number} offset
   */
  learn(value, source, offset) {
    this.#form = null;
    if (this.#credit < COST) return;
    this.#credit -= COST;
    if (isFlat(value)) this.#form = new Form(Object.keys(value), source.data, offset - source.base);
  }
}

/**
 * @param {unknown} value
 * @returns {value is PlainObject}
 */
function isFlat(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length > 0 &&
    entries.length <= MOST_KEYS &&
    // A key such as `__proto__` must not meet the property of that name above it.
    entries.every(([key, each]) => !(key in Object.prototype) && Object(each) !== each)
  );
}

/** The keys of some objects, and the text around their values. */
class Form {
  #Plain;
  #at = 0;
  #end = 0;

  /**
   * @param {string[]} keys
   * @param {Uint8Array} data
   * @param {number} start where in `data` such an object begins
   */
  constructor(keys, data, start) {
    const colon = start + 1 + JSON.stringify(keys[0]).length;
    const space = data[colon] === COLON && data[colon + 1] === SPACE ? ' ' : '';
    const before = keys.map((key, index) => {
      const opens = index === 0 ? '{' : `,${space}`;
      return codesOf(`${opens}${JSON.stringify(key)}:${space}`);
    });
    this.#Plain = this.#constructorOf(keys, before);
  }

  /**
   * @param {TextSource} source
   * @param {number} start
   * @param {number} end
   * @returns {PlainObject | undefined} undefined for an object of another form
   */
  read(source, start, end) {
    this.#at = start;
    this.#end = end;
    const object = new this.#Plain(source);
    return this.#at === end - 1 && source.data[end - 1] === CLOSES ? object : undefined;
  }

  /**
   * A constructor of objects with these keys, which reads their values, up to one that is not read
   * here. Its prototype is `Object.prototype`, so what it makes is what `JSON.parse` makes.
   *
   * @param {string[]} keys
   * @param {number[][]} before what stands before each value
   * @returns {new (source: TextSource) => PlainObject}
   */
  #constructorOf(keys, before) {
    const count = keys.length;
    /** @type {(source: TextSource, before: number[]) => unknown} */
    const next = (source, text) => {
      const value = this.#passes(source.data, text) ? this.#value(source) : undefined;
      if (value === undefined) this.#at = NOWHERE;
      return value;
    };
    /**
     * @this {PlainObject}
     * @param {TextSource} source
     */
    function Plain(source) {
      for (let i = 0; i < count; i += 1) {
        const value = next(source, /** @type {number[]} */ (before[i]));
        if (value === undefined) return;
        this[/** @type {string} */ (keys[i])] = value;
      }
    }
    Plain.prototype = Object.prototype;
    return /** @type {any} */ (Plain);
  }

  /**
   * Goes behind a text, if it is there.
   *
   * @param {Uint8Array} data
   * @param {number[]} text
   * @returns {boolean}
   */
  #passes(data, text) {
    const at = this.#at;
    for (let i = 0; i < text.length; i += 1) {
      if (data[at + i] !== text[i]) return false;
    }
    this.#at = at + text.length;
    return true;
  }

  /**
   * @param {TextSource} source
   * @returns {unknown} undefined for what is not read here
   */
  #value(source) {
    const { data } = source;
    switch (data[this.#at]) {
      case QUOTE:
        return this.#string(source);
      case T:
        return this.#passes(data, TRUE) ? true : undefined;
      case F:
        return this.#passes(data, FALSE) ? false : undefined;
      case N:
        return this.#passes(data, NULL) ? null : undefined;
      default:
        return this.#number(data);
    }
  }

  /**
   * A string without escapes.
   *
   * @param {TextSource} source
   * @returns {string | undefined}
   */
  #string(source) {
    const { base, data } = source;
    const from = this.#at + 1;
    for (let at = from; at < this.#end; at += 1) {
      const byte = /** @type {number} */ (data[at]);
      if (byte === QUOTE) {
        this.#at = at + 1;
        return source.ascii(from + base, at - from);
      }
      if (byte === BACKSLASH || byte < SPACE) return undefined;
    }
    return undefined;
  }

  /**
   * A number of few digits.
   *
   * @param {Uint8Array} data
   * @returns {number | undefined}
   */
  #number(data) {
    const start = this.#at;
    const from = data[start] === MINUS ? start + 1 : start;
    let end = from;
    while (isDigit(data[end]) || data[end] === POINT) end += 1;
    const value = shortDecimal(data, start, end);
    // JSON has no zeros in front.
    const padded = data[from] === ZERO && isDigit(data[from + 1]);
    if (padded || Number.isNaN(value)) return undefined;
    this.#at = end;
    return value;
  }
}

/**
 * @param {number | undefined} byte
 * @returns {boolean}
 */
function isDigit(byte) {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/**
 * @param {string} text
 * @returns {number[]}
 */
function codesOf(text) {
  return Array.from(text, (character) => character.charCodeAt(0));
}
