/** The fast road: one cursor that stands on one record of a batch after the other. */

import { seqAt, textOf } from './changes.js';
import { kindName, readFacts } from './facts.js';
import { isRow, KIND, KIND_MASK, RECORD, ROW } from './layout.js';
import { positionText } from './lsn.js';
import { jsonOf } from './stringify.js';
import { TextSource } from './text.js';
import { readValue } from './values.js';
import { located, VIEW } from './view.js';
import { lsnAt, wordAt } from './words.js';

/**
 * @typedef {import('./batch.js').Batch} Batch
 * @typedef {import('./facts.js').Context} Context
 * @typedef {import('./relation.js').Relation} Relation
 * @typedef {import('./relation.js').Side} Side
 * @typedef {import('./view.js').View} View
 */

/** A record of a batch. The same object is moved on to the next one: keep values, not rows. */
export class Row {
  #batch;
  #source;
  #words;
  #at = 0;
  #slot = -1;
  /** @type {Context | null} */
  #context = null;
  /** @type {Relation | undefined} */
  #relation;
  // A loop asks for the same columns of every row, mostly in their order: the last one and the one
  // behind it are found without a look-up.
  /** @type {string | number | undefined} */
  #name;
  #index = -1;

  /** @param {Batch} batch */
  constructor(batch) {
    this.#batch = batch;
    this.#words = batch.index;
    this.#source = new TextSource(batch.bytes, 0, batch.position);
  }

  /**
   * @param {Row} row
   * @param {number} at
   * @param {Context | null} context
   */
  static move(row, at, context) {
    row.#at = at;
    row.#context = context;
    const words = row.#words;
    const slot = isRow(wordAt(words, at) & KIND_MASK) ? wordAt(words, at + ROW.RELATION) : -1;
    if (slot !== row.#slot) {
      row.#slot = slot;
      row.#relation = row.#batch.relations.get(slot);
      row.#name = undefined;
    }
  }

  get kind() {
    return kindName(this.#words, this.#at);
  }

  get xid() {
    const xid = wordAt(this.#words, this.#at + RECORD.XID) >>> 0;
    return xid === 0 ? null : xid;
  }

  get lsn() {
    return lsnAt(this.#words, this.#at + RECORD.LSN);
  }

  get commitLsn() {
    return this.#context?.commitLsn ?? null;
  }

  get prepareLsn() {
    return this.#context?.prepareLsn ?? null;
  }

  get commitTime() {
    return this.#context?.commitTime ?? null;
  }

  get gid() {
    return this.#context?.gid ?? null;
  }

  get origin() {
    return this.#context?.origin ?? null;
  }

  get seq() {
    return seqAt(this.#words, this.#at);
  }

  get position() {
    const { seq } = this;
    const context = this.#context;
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
    return readFacts(this.#words, this.#at, this.#batch.bytes, this.#batch.relations);
  }

  /** Where the message begins in the batch's bytes. */
  get messageOffset() {
    return wordAt(this.#words, this.#at + RECORD.OFFSET);
  }

  /** The length of the message. */
  get messageLength() {
    return wordAt(this.#words, this.#at + RECORD.SIZE);
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
    const relation = /** @type {Relation} */ (this.#relation);
    try {
      return readValue(
        relation.columnAt(this.#index),
        this.#source,
        wordAt(words, pair),
        wordAt(words, pair + 1),
      );
    } catch (error) {
      throw located(error, words, this.#at);
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
    const at = this.#at;
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
      at: this.#at,
      source: this.#source,
      relations: this.#batch.relations,
      context: this.#context,
      facts: this.facts,
    };
  }

  /**
   * @param {string | number} column
   * @param {Side | undefined} side
   * @returns {number}
   */
  #pair(column, side) {
    const relation = this.#relation;
    if (relation === undefined) return -1;
    if (column !== this.#name) {
      this.#name = column;
      const behind = this.#index + 1;
      this.#index =
        behind < relation.columns.length && relation.columnAt(behind).name === column
          ? behind
          : relation.indexOf(column);
    }
    if (this.#index < 0) return -1;
    return relation.pairOf(this.#words, this.#at, this.#index, side);
  }
}
