/** PostgreSQL's values as JavaScript's: which type becomes what, and how its text is read. */

import { parseArray, plainArray } from './arrays.js';
import { byteaBytes } from './bytea.js';
import { DecodeError, WalscopeError } from './errors.js';
import { parseJson } from './json.js';
import { NON_ASCII, NULL_VALUE, UNCHANGED_VALUE } from './layout.js';
import { NODE_POSTGRES } from './node-postgres.js';
import {
  bigintOf,
  FEW_DIGITS,
  NO_INTEGER,
  shortDecimal,
  shortInteger,
  smallInteger,
} from './numbers.js';
import { firstBadByte, WINDOW_BYTES } from './text.js';

/** A large value that an update left as it was, and that the server therefore did not send. */
export const unchanged = Symbol.for('walscope.unchanged');

/**
 * @typedef {import('./column.js').Column} Column
 * @typedef {import('./text.js').TextSource} TextSource
 * @typedef {import('./type-table.js').TypeTable} TypeTable
 *
 * @typedef {object} ValueOptions
 * @property {'lossless' | 'node-postgres'} preset
 * @property {'bigint' | 'number' | 'string'} int8
 * @property {'parse' | 'text'} json
 * @property {'symbol' | 'omit' | 'error'} unchangedToast
 * @property {string} encoding of text, by the name that TextDecoder gives it
 * @property {Map<number, Convert>} types the user's functions, by OID
 * @property {TypeTable | null} typeTable the user types that are known
 *
 * @typedef {(text: string) => unknown} Convert
 *
 * @typedef {object} ValueType
 * @property {number} type the type's OID
 * @property {number} base the OID of what its values are: of a domain its base type
 * @property {number} element of an array the OID of its elements' type, else 0
 * @property {number} elementBase the OID of what these are
 * @property {string} separator what stands between an array's elements
 *
 * @typedef {object} Readers
 * @property {number} reader one of `READER`
 * @property {number} elementReader the elements' reader, of an array
 * @property {Convert | null} convert the user's function for the value, or for an array's elements
 */

/** How a value's text is read. */
export const READER = Object.freeze({
  TEXT: 0,
  INTEGER: 1,
  BIGINT: 2,
  FLOAT: 3,
  BOOL: 4,
  JSON: 5,
  BYTEA: 6,
  ARRAY: 7,
  SAFE_INTEGER: 8,
  /** By a function of the user's. */
  CUSTOM: 9,
});

const { TEXT, INTEGER, BIGINT, FLOAT, BOOL, JSON: JSON_TEXT } = READER;

/** What is not text, by the OID of its type. */
const SCALARS = new Map([
  [16, READER.BOOL],
  [17, READER.BYTEA],
  [20, READER.BIGINT],
  [21, READER.INTEGER], // int2
  [23, READER.INTEGER], // int4
  [26, READER.INTEGER], // oid
  [114, READER.JSON],
  [700, READER.FLOAT],
  [701, READER.FLOAT],
  [3802, READER.JSON], // jsonb
]);

/**
 * The readers of a type: its own, and its elements' when it is an array.
 *
 * @param {ValueType} type
 * @param {ValueOptions} options
 * @returns {Readers}
 */
export function readersOf({ type, base, element, elementBase }, options) {
  const own = functionFor(type, base, options);
  if (own !== null) return { reader: READER.CUSTOM, elementReader: READER.TEXT, convert: own };
  const convert = element === 0 ? null : functionFor(element, elementBase, options);
  if (options.preset === 'node-postgres' && convert === null) return presetReaders(base);
  if (element === 0) {
    return { reader: scalarReader(base, options), elementReader: READER.TEXT, convert: null };
  }
  const elementReader = convert === null ? scalarReader(elementBase, options) : READER.CUSTOM;
  return { reader: READER.ARRAY, elementReader, convert };
}

/**
 * The readers for values like those of node-postgres, which takes no array apart that it does not know.
 *
 * @param {number} base
 * @returns {Readers}
 */
function presetReaders(base) {
  const convert = NODE_POSTGRES.get(base) ?? null;
  const plain = SCALARS.get(base) ?? READER.TEXT;
  const own = plain === READER.BIGINT ? READER.TEXT : plain;
  const reader = convert === null ? own : READER.CUSTOM;
  return { reader, elementReader: READER.TEXT, convert };
}

/**
 * The user's function for a type: its own, or that of the nearest type that it is a domain over.
 *
 * @param {number} type
 * @param {number} base
 * @param {ValueOptions} options
 * @returns {Convert | null}
 */
function functionFor(type, base, { types, typeTable }) {
  if (types.size === 0) return null;
  for (const oid of [type, ...(typeTable?.basesOf(type) ?? []), base]) {
    const convert = types.get(oid);
    if (convert !== undefined) return convert;
  }
  return null;
}

/**
 * @param {number} type
 * @param {ValueOptions} options
 * @returns {number}
 */
function scalarReader(type, options) {
  const reader = SCALARS.get(type) ?? READER.TEXT;
  if (reader === READER.JSON && options.json === 'text') return READER.TEXT;
  if (reader === READER.BIGINT && options.int8 === 'string') return READER.TEXT;
  if (reader === READER.BIGINT && options.int8 === 'number') return READER.SAFE_INTEGER;
  return reader;
}

/**
 * The value of a column, from its pair of words. The commonest are here, in few words: engines then make
 * one piece of this and of what calls it.
 *
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length
 * @returns {unknown}
 */
export function readValue(column, source, offset, length) {
  if (length >= 0 && offset >= 0) {
    const { reader } = column;
    if (reader === TEXT) {
      if (length <= WINDOW_BYTES) return source.ascii(offset, length);
    } else if (reader === INTEGER) {
      if (length <= FEW_DIGITS) {
        const value = smallInteger(source.data, offset - source.base, length);
        if (value !== NO_INTEGER) return value;
      }
    } else if (reader === BOOL && length === 1) {
      const letter = source.data[offset - source.base];
      if (letter === 0x74) return true;
      if (letter === 0x66) return false;
    }
  } else if (length === NULL_VALUE) {
    return null;
  }
  return readAny(column, source, offset, length);
}

/**
 * The same for every value.
 *
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length
 * @returns {unknown}
 */
function readAny(column, source, offset, length) {
  // What core has no decoder for, in its binary form.
  if (offset < 0) return source.copy(~offset, length);
  if (length === UNCHANGED_VALUE) return unchanged;
  if (length < 0) return fromText(column, source, offset, length);
  switch (column.reader) {
    case INTEGER:
      return readInteger(column, source, offset, length);
    case BIGINT:
      // Fifteen digits are exact in a double, and from there to a bigint is the fast road.
      if (length <= 15) return bigintOf(readInteger(column, source, offset, length));
      return fromText(column, source, offset, length);
    default:
      return fromBytes(column, source, offset, length);
  }
}

/**
 * A value in ASCII of one of the rarer types, without a string between where that can be.
 *
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length
 * @returns {unknown}
 */
function fromBytes(column, source, offset, length) {
  if (column.reader === FLOAT) {
    const start = offset - source.base;
    const value = shortDecimal(source.data, start, start + length);
    if (!Number.isNaN(value)) return value;
  }
  // What is longer is hardly flat, and may be too long for a string.
  if (column.reader !== JSON_TEXT || length > WINDOW_BYTES) {
    return fromText(column, source, offset, length);
  }
  const flat = column.flatJson.read(source, offset, length);
  if (flat !== undefined) return flat;
  const value = fromText(column, source, offset, length);
  column.flatJson.learn(value, source, offset);
  return value;
}

/**
 * What reads the elements of a column's arrays.
 *
 * @param {Column} column
 * @param {number} elementReader one of `READER`
 * @returns {(text: string) => unknown}
 */
export function elementReaderOf(column, elementReader) {
  if (elementReader === READER.TEXT) return (text) => text;
  if (elementReader === READER.CUSTOM) return (text) => converted(column, text);
  return (text) => scalar(elementReader, text);
}

/**
 * What the user's function makes of a text.
 *
 * @param {Column} column
 * @param {string} text
 * @returns {unknown}
 */
function converted(column, text) {
  const convert = /** @type {Convert} */ (column.convert);
  try {
    return convert(text);
  } catch (cause) {
    throw new WalscopeError({
      code: 'WALSCOPE_TYPE_FUNCTION',
      message: `the function for the type of column ${column.name} of ${column.relation} (OID ${column.type}) failed on ${shortened(text)}`,
      hint: 'it is given in the option types, and must take every text that PostgreSQL writes for the type',
      cause,
    });
  }
}

/**
 * PostgreSQL's text of a value that is not NULL, not unchanged and not binary.
 *
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length as in the index: of text outside ASCII it is coded
 * @returns {string}
 */
export function readText(column, source, offset, length) {
  const size = length >= 0 ? length : NON_ASCII - length;
  try {
    if (length >= 0) return source.ascii(offset, size);
    const { decoder } = column;
    return decoder === null ? source.utf8(offset, size) : decoder.decode(source.view(offset, size));
  } catch (error) {
    throw unreadable(column, source, offset, size, error);
  }
}

/**
 * Why a text could not be made: its bytes are of another encoding, or it is longer than a string can be.
 *
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} size
 * @param {unknown} cause
 * @returns {WalscopeError}
 */
function unreadable(column, source, offset, size, cause) {
  const bytes = source.view(offset, size);
  const { name, relation, decoder } = column;
  const bad = decoder === null ? firstBadByte(bytes) : -1;
  if (bad < 0 && (decoder === null || !(cause instanceof TypeError))) {
    return new WalscopeError({
      code: 'WALSCOPE_VALUE_TOO_LARGE',
      message: `column ${name} of ${relation} holds ${bytes.length} bytes of text, more than a string can`,
      hint: 'read it with bytes() on a row of batches()',
      cause,
    });
  }
  const place = { relation, column: name, offset: source.place(offset + Math.max(bad, 0)) };
  if (decoder !== null) {
    return new DecodeError({
      code: 'WALSCOPE_BAD_ENCODING',
      message: `column ${name} of ${relation} is not ${decoder.encoding}`,
      hint: 'give another encoding, or read the value with bytes() on a row of batches()',
      ...place,
      bytes: bytes.slice(),
      cause,
    });
  }
  return new DecodeError({
    code: 'WALSCOPE_BAD_UTF8',
    message: `column ${name} of ${relation} is not UTF-8 at byte ${bad} of the value`,
    hint: 'the database has another encoding, or none (SQL_ASCII): give the option encoding, or read the value with bytes() on a row of batches()',
    ...place,
    position: bad,
    bytes: bytes.slice(),
    cause,
  });
}

/**
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length
 * @returns {number}
 */
function readInteger(column, source, offset, length) {
  const start = offset - source.base;
  const value = shortInteger(source.data, start, start + length);
  if (Number.isNaN(value)) throw notOfType(column, source, offset, source.ascii(offset, length));
  return value;
}

/**
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length
 * @returns {unknown}
 */
function fromText(column, source, offset, length) {
  const { reader } = column;
  if (reader === READER.CUSTOM) {
    return converted(column, readText(column, source, offset, length));
  }
  try {
    if (reader === READER.ARRAY) return readArray(column, source, offset, length);
    return scalar(reader, readText(column, source, offset, length));
  } catch (error) {
    if (error instanceof WalscopeError) throw error;
    const text = readText(column, source, offset, length);
    throw error instanceof RangeError
      ? tooLarge(column, text, error)
      : notOfType(column, source, offset, text, error);
  }
}

/**
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {number} length
 * @returns {unknown[]}
 */
function readArray(column, source, offset, length) {
  const { readElement, separator } = column;
  const plain = length < 0 ? undefined : plainArray(source, offset, length, readElement, separator);
  return plain ?? parseArray(readText(column, source, offset, length), readElement, separator);
}

/**
 * @param {Column} column
 * @param {string} text
 * @param {unknown} cause
 * @returns {WalscopeError}
 */
function tooLarge(column, text, cause) {
  return new WalscopeError({
    code: 'WALSCOPE_VALUE_TOO_LARGE',
    message: `column ${column.name} of ${column.relation} is ${shortened(text)}, beyond what the chosen type holds`,
    hint: "leave the option int8 at 'bigint', or use 'string'",
    cause,
  });
}

/**
 * @param {Column} column
 * @param {TextSource} source
 * @param {number} offset
 * @param {string} text
 * @param {unknown} [cause]
 * @returns {DecodeError}
 */
function notOfType(column, source, offset, text, cause) {
  return new DecodeError({
    code: 'WALSCOPE_BAD_VALUE',
    message: `column ${column.name} of ${column.relation} is ${shortened(text)}, which is no value of its type (OID ${column.type})`,
    hint: 'the row does not fit the table that it names: is the capture whole?',
    relation: column.relation,
    column: column.name,
    offset: source.place(offset),
    position: 0,
    bytes: new TextEncoder().encode(text),
    cause,
  });
}

/**
 * @param {string} text
 * @returns {string}
 */
function shortened(text) {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/**
 * @param {number} reader
 * @param {string} text
 * @returns {unknown}
 */
function scalar(reader, text) {
  switch (reader) {
    case READER.TEXT:
      return text;
    case READER.INTEGER:
      return Number(integerText(text));
    case READER.BIGINT:
      return BigInt(integerText(text));
    case READER.SAFE_INTEGER:
      return safeInteger(text);
    case READER.FLOAT:
      return float(text);
    case READER.JSON:
      return parseJson(text);
    case READER.BYTEA:
      return byteaBytes(text);
    default:
      if (text !== 't' && text !== 'f') throw new SyntaxError('a bool is t or f');
      return text === 't';
  }
}

/**
 * @param {string} text
 * @returns {string}
 */
function integerText(text) {
  if (!/^-?[0-9]+$/.test(text)) throw new SyntaxError('not an integer');
  return text;
}

/**
 * @param {string} text
 * @returns {number}
 */
function safeInteger(text) {
  const value = Number(integerText(text));
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError('beyond the integers that a number holds exactly');
}

/**
 * @param {string} text
 * @returns {number}
 */
function float(text) {
  const value = Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'NaN')) throw new SyntaxError('not a float');
  return value;
}
