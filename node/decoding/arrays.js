/**
 * The text of a PostgreSQL array: `{1,NULL,"a \"quoted\" one"}`, nested for more dimensions, and
 * `[0:2]={...}` where an index does not begin at 1. The bounds are dropped: JavaScript's arrays have
 * none. The form is described in the PostgreSQL manual, section 8.15.6.
 */

const QUOTE = 0x22; // '"'
const OPENS = 0x7b; // '{'
const ENDS = 0x7d; // '}'
const N = 0x4e; // 'N'

/**
 * An array of ASCII text that has one dimension and no quotation marks, as most have, straight from
 * its bytes; undefined for any other, and for what is none.
 *
 * @param {import('./text.js').TextSource} source
 * @param {number} offset
 * @param {number} length
 * @param {(element: string) => unknown} readElement
 * @param {string} separator of the element's type
 * @returns {unknown[] | undefined}
 */
export function plainArray(source, offset, length, readElement, separator) {
  const { base, data } = source;
  const start = offset - base;
  const end = start + length - 1;
  if (data[start] !== OPENS || data[end] !== ENDS || end === start + 1) return undefined;
  const between = separator.charCodeAt(0);
  const array = [];
  let from = start + 1;
  for (let at = from; at <= end; at += 1) {
    const byte = data[at];
    if (byte === between || at === end) {
      if (at === from) return undefined;
      const element = source.ascii(from + base, at - from);
      const isNull = data[from] === N && element === 'NULL';
      array.push(isNull ? null : readElement(element));
      from = at + 1;
    } else if (byte === QUOTE || byte === OPENS || byte === ENDS) {
      return undefined;
    }
  }
  return array;
}

/**
 * @param {string} text
 * @param {(element: string) => unknown} readElement
 * @param {string} [separator] of the element's type: `;` for boxes
 * @returns {unknown[]}
 */
export function parseArray(text, readElement, separator = ',') {
  return new ArrayText(text, readElement, separator).read();
}

class ArrayText {
  #text;
  #readElement;
  #separator;
  #at = 0;

  /**
   * @param {string} text
   * @param {(element: string) => unknown} readElement
   * @param {string} separator
   */
  constructor(text, readElement, separator) {
    this.#text = text;
    this.#readElement = readElement;
    this.#separator = separator;
  }

  /** @returns {unknown[]} */
  read() {
    if (this.#text[0] === '[') this.#at = this.#text.indexOf('=') + 1;
    const array = this.#array();
    if (this.#at !== this.#text.length) throw this.#error();
    return array;
  }

  /**
   * One pair of braces. The server allows six dimensions, so recursion is safe; text that claims
   * more is no array of the server's.
   *
   * @returns {unknown[]}
   */
  #array(depth = 1) {
    if (depth > 6) throw this.#error();
    this.#expect('{');
    /** @type {unknown[]} */
    const array = [];
    if (this.#text[this.#at] === '}') {
      this.#at += 1;
      return array;
    }
    for (;;) {
      array.push(this.#text[this.#at] === '{' ? this.#array(depth + 1) : this.#element());
      if (this.#text[this.#at] === '}') {
        this.#at += 1;
        return array;
      }
      this.#expect(this.#separator);
    }
  }

  /** @returns {unknown} */
  #element() {
    if (this.#text[this.#at] === '"') return this.#readElement(this.#quoted());
    const start = this.#at;
    const ends = `{}"${this.#separator}`;
    while (this.#at < this.#text.length && !ends.includes(this.#text.charAt(this.#at))) {
      this.#at += 1;
    }
    const element = this.#text.slice(start, this.#at);
    if (element === '') throw this.#error();
    return element === 'NULL' ? null : this.#readElement(element);
  }

  /** @returns {string} */
  #quoted() {
    let element = '';
    let start = this.#at + 1;
    for (let at = start; ; at += 1) {
      const character = this.#text[at];
      if (character === undefined) throw this.#error();
      if (character === '"') {
        this.#at = at + 1;
        return element + this.#text.slice(start, at);
      }
      if (character === '\\') {
        element += this.#text.slice(start, at);
        at += 1;
        start = at;
      }
    }
  }

  /** @param {string} character */
  #expect(character) {
    if (this.#text[this.#at] !== character) throw this.#error();
    this.#at += 1;
  }

  /** @returns {SyntaxError} */
  #error() {
    return new SyntaxError(`not the text of an array, at character ${this.#at}`);
  }
}
