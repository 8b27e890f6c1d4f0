/** Changes: plain data that keeps nothing alive but its window. */

import { kindName, readFacts } from './facts.js';
import { isRow, KIND, KIND_MASK, NULL_VALUE, RECORD, ROW, UNCHANGED_VALUE } from './layout.js';
import { positionText } from './lsn.js';
import { jsonOf } from './stringify.js';
import { readText } from './values.js';
import { located, VIEW } from './view.js';
import { lsnAt, wordAt } from './words.js';

/**
 * @typedef {import('./facts.js').Context} Context
 * @typedef {import('./relation.js').Relation} Relation
 * @typedef {import('./relation.js').Side} Side
 * @typedef {import('./view.js').View} View
 * @typedef {import('./window.js').Window} Window
 */

/** Every change; the rarer kinds have what they say as properties of their own. */
export class Change {
  #window;
  #at;
  #context;

  /**
   * @param {Window} window
   * @param {number} at the record's word in the window
   * @param {Context | null} context
   * @param {string} kind
   */
  constructor(window, at, context, kind) {
    this.#window = window;
    this.#at = at;
    this.#context = context;
    this.kind = kind;
    const xid = wordAt(window.words, at + RECORD.XID) >>> 0;
    /** @type {number | null} */
    this.xid = xid === 0 ? null : xid;
  }

  /** Where the message lies in the log; null where its source does not say. */
  get lsn() {
    return lsnAt(this.#window.words, this.#at + RECORD.LSN);
  }

  /** The LSN of the transaction's commit; null outside of one, and when it was prepared. */
  get commitLsn() {
    return this.#context?.commitLsn ?? null;
  }

  /** The LSN of the transaction's PREPARE, when it was delivered there. */
  get prepareLsn() {
    return this.#context?.prepareLsn ?? null;
  }

  /** The name of the prepared transaction. */
  get gid() {
    return this.#context?.gid ?? null;
  }

  /** When the transaction was committed. */
  get commitTime() {
    return this.#context?.commitTime ?? null;
  }

  /** The replication origin that the transaction comes from. */
  get origin() {
    return this.#context?.origin ?? null;
  }

  /** The number of this change in its transaction; null for what is not a change of rows. */
  get seq() {
    return seqAt(this.#window.words, this.#at);
  }

  /** Transaction and number as text that sorts as changes do, and is the same when they come again. */
  get position() {
    const { seq } = this;
    const context = this.#context;
    return seq === null || context === null ? null : positionText(context.low, context.high, seq);
  }

  /** What `JSON.stringify` takes: the command line's object, large integers as strings. */
  toJSON() {
    return jsonOf(this);
  }

  /** @returns {View} */
  [VIEW]() {
    const { words, source, relations } = this.#window;
    const facts = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (this));
    return { words, at: this.#at, source, relations, context: this.#context, facts };
  }

  /**
   * The stream that delivered a change, and how many of its items had been delivered with it.
   *
   * @param {Change} change
   * @returns {{ owner: object | null, items: number }}
   */
  static delivery(change) {
    const { words, owner, itemsBefore } = change.#window;
    return { owner, items: itemsBefore + wordAt(words, change.#at + RECORD.ITEMS) };
  }
}

/** A change of a row. */
class RowChange extends Change {
  /**
   * @param {Window} window
   * @param {number} at
   * @param {Context | null} context
   * @param {string} kind
   * @param {Relation} relation
   */
  constructor(window, at, context, kind, relation) {
    super(window, at, context, kind);
    this.schema = relation.schema;
    this.table = relation.table;
  }

  /**
   * PostgreSQL's text of a value: null for NULL, undefined for what the server did not send.
   *
   * @param {string | number} column
   * @param {Side} [side]
   * @returns {string | null | undefined}
   */
  text(column, side) {
    return textOf(this[VIEW](), column, side);
  }
}

class Insert extends RowChange {
  /**
   * @param {Window} window
   * @param {number} at
   * @param {Context | null} context
   * @param {Relation} relation
   */
  constructor(window, at, context, relation) {
    super(window, at, context, 'insert', relation);
    this.new = relation.newRow(window.source, window.words, at);
  }
}

class Update extends RowChange {
  /**
   * @param {Window} window
   * @param {number} at
   * @param {Context | null} context
   * @param {Relation} relation
   */
  constructor(window, at, context, relation) {
    super(window, at, context, 'update', relation);
    const { words, source } = window;
    this.key = relation.keyRow(source, words, at);
    this.old = relation.oldRow(source, words, at);
    this.new = relation.newRow(source, words, at);
    this.unchanged = relation.unchangedNames(words, at);
  }
}

class Delete extends RowChange {
  /**
   * @param {Window} window
   * @param {number} at
   * @param {Context | null} context
   * @param {Relation} relation
   */
  constructor(window, at, context, relation) {
    super(window, at, context, 'delete', relation);
    const { words, source } = window;
    this.key = relation.keyRow(source, words, at);
    this.old = relation.oldRow(source, words, at);
  }
}

/** The end of a transaction. */
class Commit extends Change {
  /** Where the commit record ends: what a confirmation of this transaction tells the server. */
  get endLsn() {
    return this[VIEW]().facts['endLsn'];
  }

  /**
   * @override
   * @returns {View}
   */
  [VIEW]() {
    const view = super[VIEW]();
    return { ...view, facts: readFacts(view.words, view.at, view.source.data, view.relations) };
  }
}

/** The rarer kinds: each has what `readFacts` finds in its record. */
class OtherChange extends Change {
  /**
   * @param {Window} window
   * @param {number} at
   * @param {Context | null} context
   * @param {Record<string, unknown>} facts
   */
  constructor(window, at, context, facts) {
    super(window, at, context, kindName(wordAt(window.words, at) & KIND_MASK));
    for (const [name, value] of Object.entries(facts)) {
      const descriptor = { value, writable: true, enumerable: true, configurable: true };
      // Defined, not assigned: some have the name of a getter, and know better than it.
      Object.defineProperty(this, name, descriptor);
    }
  }
}

/**
 * The change that a record tells of.
 *
 * @param {Window} window
 * @param {number} at the record's word in the window
 * @param {Context | null} context
 * @param {import('./batch.js').Batch} batch
 * @param {number} kind
 * @returns {Change}
 */
export function makeChange(window, at, context, batch, kind) {
  switch (kind) {
    case KIND.INSERT:
      return new Insert(window, at, context, window.relationAt(at));
    case KIND.UPDATE:
      return new Update(window, at, context, window.relationAt(at));
    case KIND.DELETE:
      return new Delete(window, at, context, window.relationAt(at));
    case KIND.BEGIN:
      return new Change(window, at, context, 'begin');
    case KIND.COMMIT:
      return new Commit(window, at, context, 'commit');
    default: {
      const facts = readFacts(batch.index, window.start + at, batch.bytes, batch.relations);
      return new OtherChange(window, at, context, facts);
    }
  }
}

/**
 * The number of a row change or truncate in its transaction.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {number | null}
 */
export function seqAt(words, at) {
  const kind = wordAt(words, at) & KIND_MASK;
  const seq = isRow(kind) || kind === KIND.TRUNCATE ? wordAt(words, at + ROW.SEQ) : -1;
  return seq < 0 ? null : seq;
}

/**
 * PostgreSQL's text of a value of a row.
 *
 * @param {import('./view.js').View} view
 * @param {string | number} column
 * @param {Side} [side]
 * @returns {string | null | undefined}
 */
export function textOf({ words, at, source, relations }, column, side) {
  const relation = relations.get(wordAt(words, at + ROW.RELATION));
  const index = relation?.find(column)?.index ?? -1;
  const pair = relation === undefined || index < 0 ? -1 : relation.pairOf(words, at, index, side);
  if (relation === undefined || pair < 0) return undefined;
  const offset = wordAt(words, pair);
  const length = wordAt(words, pair + 1);
  if (length === NULL_VALUE) return null;
  if (length === UNCHANGED_VALUE || offset < 0) return undefined;
  try {
    return readText(relation.columnAt(index), source, offset, length);
  } catch (error) {
    throw located(error, words, at);
  }
}

/**
 * Whether the new row of an update has all its values: none was left out by the server.
 *
 * @param {{ unchanged: string[] }} change
 * @returns {boolean}
 */
export function isComplete(change) {
  return change.unchanged.length === 0;
}
