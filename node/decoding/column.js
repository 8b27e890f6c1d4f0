/** A column of a table, and how its values are read. */

import { FlatJson } from './flat-json.js';
import { elementReaderOf } from './values.js';

/**
 * @typedef {import('./relation.js').Description} Description
 * @typedef {import('./values.js').Convert} Convert
 * @typedef {import('./values.js').Readers} Readers
 * @typedef {import('./values.js').ValueType} ValueType
 *
 * @typedef {object} Place
 * @property {number} index
 * @property {string} relation `schema.table`
 * @property {number} follower the number of the column behind it, or of the first
 * @property {TextDecoder | null} decoder of its text; null for UTF-8
 */

/** Made by one constructor, field by field: reading a value looks at columns of one shape only. */
export class Column {
  /**
   * @param {Description['columns'][number]} described
   * @param {ValueType} type
   * @param {Readers} readers
   * @param {Place} place
   */
  constructor(described, type, readers, place) {
    this.name = internalized(described.name);
    this.type = type.type;
    this.base = type.base;
    this.element = type.element;
    this.elementBase = type.elementBase;
    this.reader = readers.reader;
    this.decoder = place.decoder;
    /** What reads the elements' texts, of an array. */
    this.readElement = elementReaderOf(this, readers.elementReader);
    this.separator = type.separator;
    /** Of JSON: its objects, most of which have one form. */
    this.flatJson = new FlatJson();
    /** The user's function for the value, or for an array's elements. @type {Convert | null} */
    this.convert = readers.convert;
    this.relation = place.relation;
    this.index = place.index;
    /** Whether it belongs to the table's replica identity. */
    this.key = described.key;
    /**
     * The number of the column that was last asked for after this one. A loop asks for the same columns of
     * every row, so it is tried before a name is looked up. No reference, which takes the engine longer to
     * note than a number.
     */
    this.follower = place.follower;
  }
}

/**
 * The same text as the engine keeps it for property names, and for the literals of programs: two of
 * these are compared by their address.
 *
 * @param {string} name
 * @returns {string}
 */
function internalized(name) {
  return Object.keys({ [name]: null })[0] ?? name;
}
