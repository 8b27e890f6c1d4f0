/**
 * JSON values of a database. `JSON.parse` rounds the integers that a double cannot hold, and what
 * was rounded cannot be seen afterwards; documents that may have such integers are read here.
 */

/** An integer that a double cannot hold has at least this many digits. */
const LONG = 16;
const LONG_DIGITS = /[0-9]{16}/;
const NUMBER = /-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;

/**
 * @typedef {Record<string, unknown> | unknown[]} Container
 * @typedef {(digits: string) => unknown} IntegerReader
 */

/**
 * An integer as a number where a double holds it, else as a bigint.
 *
 * @type {IntegerReader}
 */
export function exactInteger(digits) {
  const number = Number(digits);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(digits);
  return Number.isFinite(number) && BigInt(number) === exact ? number : exact;
}

/**
 * `JSON.parse`, but for integers that a double cannot hold: `integer` reads those. Numbers with a
 * fraction or an exponent stay doubles.
 *
 * @param {string} text
 * @param {IntegerReader} [integer]
 * @returns {unknown}
 */
export function parseJson(text, integer = exactInteger) {
  const value = JSON.parse(text);
  // The text is JSON when `JSON.parse` took it, so the slow road need not check again.
  return hasLongDigits(text) ? readExactly(text, integer) : value;
}

/**
 * Whether a text has so many digits in a row. Then one of them stands at a multiple of their number.
 *
 * @param {string} text
 * @returns {boolean}
 */
function hasLongDigits(text) {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) return LONG_DIGITS.test(text);
  }
  return false;
}

/**
 * Reads valid JSON without recursion: a document may be nested deeper than the stack.
 *
 * @param {string} text
 * @param {IntegerReader} integer
 * @returns {unknown}
 */
function readExactly(text, integer) {
  /** @type {{ container: Container, key: string | null }[]} */
  const stack = [];
  /** @type {{ container: Container, key: string | null } | undefined} */
  let open;
  let at = 0;
  for (;;) {
    const first = text[at];
    /** @type {unknown} */
    let value;
    if (first === '{' || first === '[') {
      if (open !== undefined) stack.push(open);
      open = { container: first === '{' ? {} : [], key: null };
      at += 1;
      continue;
    } else if (first === '}' || first === ']') {
      value = open?.container;
      open = stack.pop();
      at += 1;
    } else if (first === '"') {
      const end = stringEnd(text, at);
      value = JSON.parse(text.slice(at, end));
      at = end;
    } else if (first === 't' || first === 'f' || first === 'n') {
      value = first === 't' ? true : first === 'f' ? false : null;
      at += first === 'f' ? 5 : 4;
    } else if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) {
      [value, at] = readNumber(text, at, integer);
    } else {
      at += 1; // White space, or the comma after a value.
      continue;
    }
    if (open === undefined) return value;
    at = place(text, at, open, value);
  }
}

/**
 * Puts a value where it belongs: an element, a key, or the value of the key before it.
 *
 * @param {string} text
 * @param {number} at where the value ended
 * @param {{ container: Container, key: string | null }} open
 * @param {unknown} value
 * @returns {number} where to go on
 */
function place(text, at, open, value) {
  const { container, key } = open;
  if (Array.isArray(container)) {
    container.push(value);
  } else if (key === null) {
    open.key = /** @type {string} */ (value);
    return text.indexOf(':', at) + 1;
  } else {
    setOwn(container, key, value);
    open.key = null;
  }
  return at;
}

/**
 * @param {string} text
 * @param {number} at
 * @param {IntegerReader} integer
 * @returns {[unknown, number]} the number and where it ends
 */
function readNumber(text, at, integer) {
  NUMBER.lastIndex = at;
  const match = /** @type {RegExpExecArray} */ (NUMBER.exec(text));
  const digits = match[0];
  const whole = match[1] === undefined && match[2] === undefined;
  return [whole ? integer(digits) : Number(digits), at + digits.length];
}

/**
 * Where the string that begins at `at` ends, after its closing quote or with the text.
 *
 * @param {string} text
 * @param {number} at
 * @returns {number}
 */
function stringEnd(text, at) {
  let quote = at;
  for (;;) {
    quote = text.indexOf('"', quote + 1);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/**
 * Sets a property of its own, whatever its name: assigning to `__proto__` would change the prototype.
 *
 * @param {object} object
 * @param {string} key
 * @param {unknown} value
 */
export function setOwn(object, key, value) {
  if (key in Object.prototype) {
    const descriptor = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, key, descriptor);
  } else {
    /** @type {Record<string, unknown>} */ (object)[key] = value;
  }
}

const WHITE_SPACE = /[ \t\n\r]+/g;

/**
 * A JSON document without the white space between its parts. Digits, order and duplicates stay.
 *
 * @param {string} text
 * @returns {string}
 */
export function compactJson(text) {
  let compact = '';
  let at = 0;
  for (;;) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    compact += text.slice(at, end).replace(WHITE_SPACE, '');
    if (quote < 0) return compact;
    at = stringEnd(text, quote);
    compact += text.slice(quote, at);
  }
}
