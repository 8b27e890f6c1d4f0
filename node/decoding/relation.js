/** A table as the stream describes it, and the rows that are made of it. */

import { valueDecoder } from './encoding.js';
import { WalscopeError } from './errors.js';
import { setOwn } from './json.js';
import {
  COLUMN_IS_KEY,
  KIND,
  KIND_MASK,
  OLD_FULL,
  OLD_KEY,
  RECORD,
  RELATION_CHANGED,
  RELATION_COLUMNS,
  RELATION_COLUMN_WORDS,
  REPLICA_IDENTITY,
  ROW,
  UNCHANGED_VALUE,
} from './layout.js';
import { nameText } from './text.js';
import { Column } from './column.js';
import { readersOf, readValue } from './values.js';
import { wordAt } from './words.js';

/**
 * @typedef {import('./values.js').ValueOptions} ValueOptions
 * @typedef {import('./values.js').ValueType} ValueType
 * @typedef {import('./text.js').TextSource} TextSource
 * @typedef {'new' | 'old' | 'key'} Side
 * @typedef {Record<string, unknown>} PlainRow
 * @typedef {new (source: TextSource, words: Int32Array, pairs: number) => PlainRow} RowConstructor
 *
 * @typedef {object} Description
 * @property {number} oid
 * @property {string} schema
 * @property {string} table
 * @property {'default' | 'nothing' | 'full' | 'index'} replicaIdentity
 * @property {{ name: string, type: number, typmod: number, key: boolean }[]} columns
 *
 * @typedef {Description & { values: ValueType[] }} FullDescription
 */

export class Relation {
  /** @type {Map<string, Column>} */
  #byName = new Map();
  #Row;
  #KeyRow;
  /**
   * @param {FullDescription} description
   * @param {ValueOptions} options
   */
  constructor(description, options) {
    const { schema, table } = description;
    this.description = description;
    this.schema = schema;
    this.table = table;
    const decoder = valueDecoder(options.encoding);
    const relation = `${schema}.${table}`;
    this.columns = description.columns.map((column, index, { length }) => {
      const type = /** @type {ValueType} */ (description.values[index]);
      const readers = readersOf(type, options);
      const follower = (index + 1) % length;
      return new Column(column, type, readers, { index, relation, follower, decoder });
    });
    for (const column of this.columns) this.#byName.set(column.name, column);
    const keyColumns = this.columns.filter((column) => column.key);
    this.hasKey = keyColumns.length > 0;
    this.#Row = rowConstructor(this.columns, options.unchangedToast);
    this.#KeyRow = rowConstructor(keyColumns, options.unchangedToast);
  }

  /**
   * The row after the change.
   *
   * @param {TextSource} source
   * @param {Int32Array} words
   * @param {number} at
   * @returns {PlainRow}
   */
  newRow(source, words, at) {
    return new this.#Row(source, words, newPairs(words, at));
  }

  /**
   * The whole row before the change, where the server sent it.
   *
   * @param {TextSource} source
   * @param {Int32Array} words
   * @param {number} at
   * @returns {PlainRow | null}
   */
  oldRow(source, words, at) {
    if (words[at + ROW.OLD_KIND] !== OLD_FULL) return null;
    return new this.#Row(source, words, at + ROW.COLUMNS);
  }

  /**
   * The columns of the replica identity before the change. An update that leaves them as they were
   * sends no old tuple: then the new one has them, and stands in its place.
   *
   * @param {TextSource} source
   * @param {Int32Array} words
   * @param {number} at
   * @returns {PlainRow | null}
   */
  keyRow(source, words, at) {
    return this.hasKey ? new this.#KeyRow(source, words, at + ROW.COLUMNS) : null;
  }

  /**
   * The names of the columns whose value the server did not send because the update left it as it was.
   *
   * @param {Int32Array} words
   * @param {number} at
   * @returns {string[]}
   */
  unchangedNames(words, at) {
    /** @type {string[]} */
    const names = [];
    const pairs = newPairs(words, at);
    for (let i = 0; i < this.columns.length; i += 1) {
      if (words[pairs + 2 * i + 1] === UNCHANGED_VALUE) names.push(this.columnAt(i).name);
    }
    return names;
  }

  /**
   * @param {number} index
   * @returns {Column}
   */
  columnAt(index) {
    return /** @type {Column} */ (this.columns[index]);
  }

  /**
   * The column of a name or number; undefined where the table has none.
   *
   * @param {string | number} column
   * @returns {Column | undefined}
   */
  find(column) {
    return typeof column === 'string' ? this.#byName.get(column) : this.columns[column];
  }

  /**
   * Where the two words of a column stand in a row's record; -1 when that side does not have it.
   *
   * @param {Int32Array} words
   * @param {number} at
   * @param {number} index
   * @param {Side | undefined} side by default the new row, for a delete the old one
   * @returns {number}
   */
  pairOf(words, at, index, side) {
    const deleted = (wordAt(words, at) & KIND_MASK) === KIND.DELETE;
    if (side === undefined ? !deleted : side === 'new') {
      return deleted ? -1 : newPairs(words, at) + 2 * index;
    }
    const { key } = this.columnAt(index);
    const oldKind = wordAt(words, at + ROW.OLD_KIND);
    // Of an old tuple that is a key only, the other columns were not sent: they are not NULL.
    const sent = side === 'key' ? key : oldKind === OLD_FULL || (oldKind === OLD_KEY && key);
    return sent ? at + ROW.COLUMNS + 2 * index : -1;
  }
}

/**
 * Where the columns of the new row begin.
 *
 * @param {Int32Array} words
 * @param {number} at the record's word
 * @returns {number}
 */
export function newPairs(words, at) {
  return at + ROW.COLUMNS + 2 * /** @type {number} */ (words[at + ROW.OLD_COLUMNS]);
}

/**
 * A constructor of plain objects with these columns. Its prototype is `Object.prototype`, so what it
 * makes is as plain as a literal, but V8 gives all of them one shape.
 *
 * @param {Column[]} columns
 * @param {ValueOptions['unchangedToast']} unchangedToast
 * @returns {RowConstructor}
 */
function rowConstructor(columns, unchangedToast) {
  const count = columns.length;
  // A column such as `__proto__` or `constructor` must not meet the property of that name above it.
  const shadowing = columns.some((column) => column.name in Object.prototype);
  /**
   * @this {PlainRow}
   * @param {TextSource} source
   * @param {Int32Array} words
   * @param {number} pairs
   */
  function Row(source, words, pairs) {
    for (let i = 0; i < count; i += 1) {
      const column = /** @type {Column} */ (columns[i]);
      const at = pairs + 2 * column.index;
      const length = /** @type {number} */ (words[at + 1]);
      if (length === UNCHANGED_VALUE && unchangedToast !== 'symbol') {
        if (unchangedToast === 'error') throw unchangedError(column);
        continue;
      }
      const value = readValue(column, source, /** @type {number} */ (words[at]), length);
      if (shadowing) setOwn(this, column.name, value);
      else this[column.name] = value;
    }
  }
  Row.prototype = Object.prototype;
  return /** @type {RowConstructor} */ (/** @type {unknown} */ (Row));
}

/**
 * @param {Column} column
 * @returns {WalscopeError}
 */
function unchangedError(column) {
  return new WalscopeError({
    code: 'WALSCOPE_UNCHANGED_TOAST',
    message: `the server did not send column ${column.name} of ${column.relation}: the update left its large value as it was`,
    hint: `ALTER TABLE ${column.relation} REPLICA IDENTITY FULL makes it send such values, or leave the option unchangedToast at 'symbol'`,
  });
}

/**
 * The description in a relation record.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @param {Uint8Array} bytes
 * @returns {Description}
 */
export function readDescription(words, at, bytes) {
  const body = at + RECORD.BODY;
  /** @param {number} where */
  const word = (where) => /** @type {number} */ (words[where]);
  /** @param {number} where */
  const name = (where) => nameText(bytes, word(where), word(where + 1)) ?? '';
  /** @type {Description['columns']} */
  const columns = [];
  for (let i = 0; i < word(at + RELATION_COLUMNS - 1); i += 1) {
    const column = at + RELATION_COLUMNS + i * RELATION_COLUMN_WORDS;
    columns.push({
      name: name(column),
      type: word(column + 2) >>> 0,
      typmod: word(column + 7),
      key: (word(column + 8) & COLUMN_IS_KEY) !== 0,
    });
  }
  const identity = /** @type {keyof typeof REPLICA_IDENTITY} */ (word(body + 2));
  return {
    oid: word(body + 1) >>> 0,
    schema: name(body + 3),
    table: name(body + 5),
    replicaIdentity: REPLICA_IDENTITY[identity],
    columns,
  };
}

/**
 * For each column of a relation record what its values are.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {ValueType[]}
 */
export function readValueTypes(words, at) {
  const count = wordAt(words, at + RELATION_COLUMNS - 1);
  return Array.from({ length: count }, (_, index) => {
    const type = at + RELATION_COLUMNS + index * RELATION_COLUMN_WORDS + 2;
    return {
      type: wordAt(words, type) >>> 0,
      base: wordAt(words, type + 1) >>> 0,
      element: wordAt(words, type + 2) >>> 0,
      elementBase: wordAt(words, type + 3) >>> 0,
      separator: String.fromCodePoint(wordAt(words, type + 4)),
    };
  });
}

/**
 * What a relation record says has changed since the table was described before.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @param {Uint8Array} bytes
 * @returns {{ changed?: import('./types.js').RelationDifference }}
 */
export function readChanged(words, at, bytes) {
  const where = at + RELATION_CHANGED;
  const json = nameText(bytes, wordAt(words, where), wordAt(words, where + 1));
  return json === null ? {} : { changed: JSON.parse(json) };
}
