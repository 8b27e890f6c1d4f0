/**
 * The transaction around a record, and what the rarer kinds of records say.
 *
 * `readFacts` gives the properties under the names and in the order of a change's JSON line, so that
 * objects and lines are made from one list.
 */

import {
  FLAG_ABORT_POSITION,
  FLAG_PREPARED,
  FLAG_SHIFT,
  FLAG_TRANSACTIONAL,
  KIND,
  KIND_MASK,
  KIND_NAMES,
  RECORD,
} from './layout.js';
import { lsnText, timeText } from './lsn.js';
import { readChanged, readDescription } from './relation.js';
import { nameText } from './text.js';
import { countAt, timeAt, wordAt } from './words.js';

/**
 * @typedef {import('./relation.js').Relation} Relation
 * @typedef {Map<number, Relation>} Relations
 */

const TRUNCATE_CASCADE = 1;
const TRUNCATE_RESTART_IDENTITY = 2;

/**
 * @typedef {object} ContextFields
 * @property {boolean} prepared
 * @property {number} low the LSN of the commit, or of the PREPARE, in two words
 * @property {number} high
 * @property {number} timeLow
 * @property {number} timeHigh
 * @property {string | null} gid
 * @property {string | null} origin
 */

/** The transaction that records belong to: one object, shared by all its changes. */
export class Context {
  /** @param {ContextFields} fields */
  constructor(fields) {
    this.prepared = fields.prepared;
    this.low = fields.low;
    this.high = fields.high;
    this.timeLow = fields.timeLow;
    this.timeHigh = fields.timeHigh;
    this.gid = fields.gid;
    this.origin = fields.origin;
  }

  /**
   * @param {Int32Array} words
   * @param {number} at
   * @param {Uint8Array} bytes
   * @returns {Context}
   */
  static read(words, at, bytes) {
    const body = at + RECORD.BODY;
    return new Context({
      prepared: ((wordAt(words, at) >>> FLAG_SHIFT) & FLAG_PREPARED) !== 0,
      low: wordAt(words, body),
      high: wordAt(words, body + 1),
      timeLow: wordAt(words, body + 2),
      timeHigh: wordAt(words, body + 3),
      gid: nameText(bytes, wordAt(words, body + 4), wordAt(words, body + 5)),
      origin: nameText(bytes, wordAt(words, body + 6), wordAt(words, body + 7)),
    });
  }

  /** The LSN of the commit, or of the PREPARE. */
  get lsn() {
    return lsnText(this.low, this.high);
  }

  get commitLsn() {
    return this.prepared ? null : this.lsn;
  }

  get prepareLsn() {
    return this.prepared ? this.lsn : null;
  }

  get commitTime() {
    return this.prepared ? null : timeText(this.timeLow, this.timeHigh);
  }

  get prepareTime() {
    return this.prepared ? timeText(this.timeLow, this.timeHigh) : null;
  }
}

/** By code, in an array without holes: an object with such keys is looked up five times slower. */
const NAMES_BY_CODE = Array.from(
  { length: KIND_MASK + 1 },
  (_, code) => KIND_NAMES[/** @type {keyof typeof KIND_NAMES} */ (code)] ?? '',
);

/**
 * A kind's name as users see it.
 *
 * @param {number} kind
 * @returns {string}
 */
export function kindName(kind) {
  return /** @type {string} */ (NAMES_BY_CODE[kind]);
}

/**
 * Whether a record belongs to the transaction that is open: messages outside of transactions do not.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {boolean}
 */
export function isTransactional(words, at) {
  const word = wordAt(words, at);
  return (word & KIND_MASK) !== KIND.MESSAGE || ((word >>> FLAG_SHIFT) & FLAG_TRANSACTIONAL) !== 0;
}

/**
 * What a record says beyond its LSN, xid and transaction; of rows nothing.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @param {Uint8Array} bytes
 * @param {Relations} relations
 * @returns {Record<string, unknown>}
 */
export function readFacts(words, at, bytes, relations) {
  const body = at + RECORD.BODY;
  const flags = wordAt(words, at) >>> FLAG_SHIFT;
  /** @param {number} where */
  const word = (where) => wordAt(words, body + where);
  /** @param {number} where */
  const text = (where) => nameText(bytes, word(where), word(where + 1));
  switch (wordAt(words, at) & KIND_MASK) {
    case KIND.TRUNCATE:
      return {
        relations: tablesOf(words, at, relations),
        cascade: (word(1) & TRUNCATE_CASCADE) !== 0,
        restartIdentity: (word(1) & TRUNCATE_RESTART_IDENTITY) !== 0,
      };
    case KIND.MESSAGE:
      return {
        transactional: (flags & FLAG_TRANSACTIONAL) !== 0,
        prefix: text(2),
        content: bytes.slice(word(4), word(4) + word(5)),
      };
    case KIND.RELATION:
      return { ...readDescription(words, at, bytes), ...readChanged(words, at, bytes) };
    case KIND.ORIGIN:
      return { originLsn: lsnText(word(0), word(1)), name: text(2) };
    case KIND.TYPE:
      return { oid: word(0) >>> 0, schema: text(1), name: text(3) };
    case KIND.STREAM_START:
      return { firstSegment: word(0) === 1 };
    case KIND.STREAM_ABORT: {
      const subxid = word(0) >>> 0;
      if ((flags & FLAG_ABORT_POSITION) === 0) return { subxid };
      return { subxid, abortLsn: lsnText(word(1), word(2)), abortTime: timeAt(words, body + 3) };
    }
    case KIND.KEEPALIVE:
      return { time: timeAt(words, body), replyRequested: word(2) === 1 };
    case KIND.ERROR:
      return {
        message: text(0),
        offset: countAt(words, body + 2),
        ...errorPlace(text(5), text(7)),
      };
    default:
      return readEnd(words, at, bytes);
  }
}

/**
 * The column that an error is about, if it is about one.
 *
 * @param {string | null} relation
 * @param {string | null} column
 * @returns {{ relation?: string, column?: string }}
 */
function errorPlace(relation, column) {
  return relation === null || column === null ? {} : { relation, column };
}

/**
 * What the records say that end a transaction, or begin a prepared one.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @param {Uint8Array} bytes
 * @returns {Record<string, unknown>}
 */
function readEnd(words, at, bytes) {
  const body = at + RECORD.BODY;
  /** @param {number} where */
  const lsn = (where) => lsnText(wordAt(words, body + where), wordAt(words, body + where + 1));
  /** @param {number} where */
  const text = (where) =>
    nameText(bytes, wordAt(words, body + where), wordAt(words, body + where + 1));
  const endLsn = () => lsn(2);
  switch (wordAt(words, at) & KIND_MASK) {
    case KIND.COMMIT:
    case KIND.STREAM_COMMIT:
      return { commitLsn: lsn(0), endLsn: endLsn(), commitTime: timeAt(words, body + 4) };
    case KIND.PREPARE:
      return {
        prepareLsn: lsn(0),
        gid: text(6),
        endLsn: endLsn(),
        prepareTime: timeAt(words, body + 4),
      };
    case KIND.BEGIN_PREPARE:
    case KIND.STREAM_PREPARE:
      return {
        prepareLsn: lsn(0),
        endLsn: endLsn(),
        prepareTime: timeAt(words, body + 4),
        gid: text(6),
      };
    case KIND.COMMIT_PREPARED:
      return {
        commitLsn: lsn(0),
        endLsn: endLsn(),
        commitTime: timeAt(words, body + 4),
        gid: text(6),
      };
    case KIND.ROLLBACK_PREPARED:
      return {
        prepareEndLsn: lsn(0),
        endLsn: endLsn(),
        prepareTime: timeAt(words, body + 4),
        rollbackTime: timeAt(words, body + 6),
        gid: text(8),
      };
    default:
      return {};
  }
}

/**
 * The slots of the tables that a truncate emptied.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @returns {Int32Array}
 */
export function truncatedSlots(words, at) {
  const first = at + RECORD.BODY + 3;
  return words.subarray(first, first + wordAt(words, first - 1));
}

/**
 * @param {Int32Array} words
 * @param {number} at
 * @param {Relations} relations
 * @returns {{ schema: string, table: string }[]}
 */
function tablesOf(words, at, relations) {
  return Array.from(truncatedSlots(words, at), (slot) => {
    const { schema, table } = /** @type {Relation} */ (relations.get(slot));
    return { schema, table };
  });
}
