/** The fast road: one cursor that stands on one record of a batch after the other. */

import { seqAt, textOf } from './changes.js';
import { kindName, readFacts } from './facts.js';
import { KIND, KIND_MASK, RECORD, ROW } from './layout.js';
import { positionText } from './lsn.js';
import { jsonOf } from './stringify.js';
import { TextSource } from './text.js';
import { readValue } from './values.js';
import { located, VIEW } from './view.js';
import { lsnAt, wordAt } from './words.js';

/**
 * @typedef {import('./batch.js').Batch} Batch
 * @typedef {import('./column.js').Column} Column
 * @typedef {import('./relation.js').Relation} Relation
 * @typedef {import('./relation.js').Side} Side
 * @typedef {import('./view.js').View} View
 */

// The engine takes these for the numbers that they are, which it does not of an import's properties.
const { DELETE, INSERT, UPDATE } = KIND;
const { COLUMNS, OLD_COLUMNS, RELATION } = ROW;

/** @type {Column[]} */
const NO_COLUMNS = [];

/** A record of a batch. The same object is moved on to the next one: keep values, not rows. */
export class Row {
  #batch;
  #walk;
  #source;
  #words;
  #slot = -1;
  /** @type {Relation | undefined} */
  #relation;
  /** Its columns. @type {Column[]} */
  #columns = NO_COLUMNS;
  /** The number of the column that was asked for last; of a table of which none was, its last one. */
  #last = -1;
  /** The number of the column that was asked for after it the time before. */
  #next = 0;
  /** Where the new row's columns begin; -1 where there is none. */
  #new = -1;

  /**
   * @param {Batch} batch
   * @param {import('./walk.js').Walk} walk where it stands
   */
  constructor(batch, walk) {
    this.#batch = batch;
    this.#walk = walk;
    this.#words = batch.index;
    this.#source = new TextSource(batch.bytes, 0, batch.position);
  }

  /**
   * Follows the walk to its next record.
   *
   * @param {Row} row
   */
  static move(row) {
    const { at, kind } = row.#walk;
    const words = row.#words;
    let slot = -1;
    if (kind === INSERT || kind === UPDATE) {
      slot = /** @type {number} */ (words[at + RELATION]);
      row.#new = at + COLUMNS + 2 * /** @type {number} */ (words[at + OLD_COLUMNS]);
    } else {
      if (kind === DELETE) slot = /** @type {number} */ (words[at + RELATION]);
      row.#new = -1;
    }
    if (slot !== row.#slot) row.#turnTo(slot);
  }

  /**
   * From here on it is rows of another table, or none.
   *
   * @param {number} slot
   */
  #turnTo(slot) {
    this.#slot = slot;
    this.#relation = this.#batch.relations.get(slot);
    this.#columns = this.#relation?.columns ?? NO_COLUMNS;
    this.#last = this.#columns.length - 1;
    this.#next = 0;
  }

  get kind() {
    return kindName(this.#walk.kind);
  }

  get xid() {
    const xid = wordAt(this.#words, this.#walk.at + RECORD.XID) >>> 0;
    return xid === 0 ? null : xid;
  }

  get lsn() {
    return lsnAt(this.#words, this.#walk.at + RECORD.LSN);
  }

  get commitLsn() {
    return this.#walk.context?.commitLsn ?? null;
  }

  get prepareLsn() {
    return this.#walk.context?.prepareLsn ?? null;
  }

  get commitTime() {
    return this.#walk.context?.commitTime ?? null;
  }

  get gid() {
    return this.#walk.context?.gid ?? null;
  }

  get origin() {
    return this.#walk.context?.origin ?? null;
  }

  get seq() {
    return seqAt(this.#words, this.#walk.at);
  }

  get position() {
    const { seq } = this;
    const context = this.#walk.context;
    return seq === null || context === null ? null : positionText(context.low, context.high, seq);
  }

  get schema() {
    return this.#relation?.schema ?? null;
  }

  get table() {
    return this.#relation?.table ?? null;
  }

  /** The names of the table's columns. */
  get columns() {
    return this.#relation?.columns.map((column) => column.name) ?? [];
  }

  /** What a record that is no row says, under the names that changes have. */
  get facts() {
    return readFacts(this.#words, this.#walk.at, this.#batch.bytes, this.#batch.relations);
  }

  /** Where the message begins in the batch's bytes. */
  get messageOffset() {
    return wordAt(this.#words, this.#walk.at + RECORD.OFFSET);
  }

  /** The length of the message. */
  get messageLength() {
    return wordAt(this.#words, this.#walk.at + RECORD.SIZE);
  }

  /**
   * A value as JavaScript's. Undefined for what is not there: another kind of record, a column that
   * the table does not have, a side that the server did not send.
   *
   * @param {string | number} column
   * @param {Side} [side] by default the new row, for a delete the old one
   * @returns {unknown}
   */
  get(column, side) {
    const pair = this.#pair(column, side);
    if (pair < 0) return undefined;
    const words = this.#words;
    try {
      return readValue(
        /** @type {Column} */ (this.#columns[this.#last]),
        this.#source,
        /** @type {number} */ (words[pair]),
        /** @type {number} */ (words[pair + 1]),
      );
    } catch (error) {
      throw located(error, words, this.#walk.at);
    }
  }

  /**
   * PostgreSQL's text of a value: null for NULL, undefined for what the server did not send.
   *
   * @param {string | number} column
   * @param {Side} [side]
   * @returns {string | null | undefined}
   */
  text(column, side) {
    return this.#relation === undefined ? undefined : textOf(this[VIEW](), column, side);
  }

  /**
   * A copy of a value's bytes, whatever they are: null for NULL, undefined for what was not sent.
   *
   * @param {string | number} column
   * @param {Side} [side]
   * @returns {Uint8Array | null | undefined}
   */
  bytes(column, side) {
    const pair = this.#pair(column, side);
    if (pair < 0) return undefined;
    return this.#source.columnBytes(wordAt(this.#words, pair), wordAt(this.#words, pair + 1));
  }

  /**
   * A side of the row as a plain object; null when the server did not send it.
   *
   * @param {Side} [side] by default the new row, for a delete the old one, or its key
   * @returns {Record<string, unknown> | null}
   */
  toObject(side) {
    const relation = this.#relation;
    if (relation === undefined) return null;
    const words = this.#words;
    const at = this.#walk.at;
    try {
      if (side === 'key') return relation.keyRow(this.#source, words, at);
      if (side === 'old') return relation.oldRow(this.#source, words, at);
      if ((wordAt(words, at) & KIND_MASK) !== KIND.DELETE) {
        return relation.newRow(this.#source, words, at);
      }
      if (side === 'new') return null;
      return relation.oldRow(this.#source, words, at) ?? relation.keyRow(this.#source, words, at);
    } catch (error) {
      throw located(error, words, at);
    }
  }

  toJSON() {
    return jsonOf(this);
  }

  /** @returns {View} */
  [VIEW]() {
    return {
      words: this.#words,
      at: this.#walk.at,
      source: this.#source,
      relations: this.#batch.relations,
      context: this.#walk.context,
      facts: this.facts,
    };
  }

  /**
   * @param {string | number} column
   * @param {Side | undefined} side
   * @returns {number}
   */
  #pair(column, side) {
    /** @type {Column | undefined} */
    let asked = this.#columns[this.#next];
    if (asked === undefined || asked.name !== column) {
      asked = this.#lookUp(column);
      if (asked === undefined) return -1;
    }
    this.#last = asked.index;
    this.#next = asked.follower;
    const pairs = this.#new;
    if (side === undefined && pairs >= 0) return pairs + 2 * asked.index;
    const relation = /** @type {Relation} */ (this.#relation);
    return relation.pairOf(this.#words, this.#walk.at, asked.index, side);
  }

  /**
   * A column that is not the one that was asked for after the last one before.
   *
   * @param {string | number} column
   * @returns {Column | undefined}
   */
  #lookUp(column) {
    const found = this.#relation?.find(column);
    if (found !== undefined)
      /** @type {Column} */ (this.#columns[this.#last]).follower = found.index;
    return found;
  }
}
