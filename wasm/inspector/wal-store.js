// The records of a log. Kept is for each slice where its first record begins, about a hundred bytes a
// MiB; records in sight are read again from the files.

import { WalReader } from '../wal-names.js';
import { LogBytes, lsnNumber, lsnOf } from './wal-files.js';
import { WalView } from './wal-view.js';
import { VALUE, visible } from './marks.js';

/** Slices whose records are at hand: what is in sight, and the way back. */
const SLICES_AT_HAND = 4;
/** Errors that are kept; a log that is not one has one on each page. */
const MOST_ERRORS = 10_000;
const SUMMARY_LIMIT = 400;
const PAGE = 8192;

/**
 * @typedef {import('../wal/record.js').WalRecord} WalRecord
 * @typedef {import('../wal/batch.js').WalBatch} WalBatch
 * @typedef {import('./store.js').Message} Message
 *
 * @typedef {object} Slice
 * @property {number} first the number of its first entry
 * @property {number} records
 * @property {number} start where its first record begins
 * @property {number} end where its last byte lies, and one
 */

export class WalStore {
  /** @type {Slice[]} */
  #slices = [];
  /** @type {Map<Slice, Promise<WalRecord[]>>} the one used last at the end */
  #atHand = new Map();
  /** What errors say, by their numbers. @type {Map<number, import('../decoding/errors.js').DecodeError>} */
  #problems = new Map();

  bytes = new LogBytes();
  folds = new WalView();
  length = 0;
  /** The numbers of the entries that are errors. @type {number[]} */
  errors = [];
  /** Errors that are not kept. */
  moreErrors = 0;

  /**
   * Adds what a batch has.
   * @param {WalBatch} batch with errors as entries
   */
  add(batch) {
    /** @type {Slice | null} */
    let slice = null;
    for (let number = 0; number < batch.length; number += 1) {
      const entry = batch.at(number);
      if (entry === undefined) break;
      if (entry.kind === 'error') {
        this.addError(entry.error);
      } else {
        slice ??= {
          first: this.length,
          records: 0,
          start: lsnNumber(entry.startLsn),
          end: lsnNumber(batch.endLsn),
        };
        slice.records += 1;
        this.length += 1;
      }
    }
    if (slice !== null) this.#slices.push(slice);
    this.folds.grow(this.length);
  }

  /** @param {import('../decoding/errors.js').DecodeError} error */
  addError(error) {
    if (this.errors.length === MOST_ERRORS) {
      this.moreErrors += 1;
      return;
    }
    this.errors.push(this.length);
    this.#problems.set(this.length, error);
    this.length += 1;
    this.folds.grow(this.length);
  }

  /**
   * The entries in some rows of the list.
   * @param {number} first
   * @param {number} count
   * @returns {Promise<Message[]>}
   */
  async rows(first, count) {
    const last = Math.min(first + count, this.folds.shown);
    const rows = [];
    for (let row = first; row < last; row += 1) {
      const number = this.folds.at(row);
      const error = this.#problems.get(number);
      rows.push(error ? errorRow(number, error) : recordRow(number, await this.record(number)));
    }
    return rows;
  }

  /**
   * @param {number} number of an entry that is a record
   * @returns {Promise<WalRecord>}
   */
  async record(number) {
    const slice = this.#sliceWith(number);
    const records = await this.#records(slice);
    const record = records[this.#place(slice, number)];
    if (record === undefined)
      throw new Error('the files are not what they were when they were read');
    return record;
  }

  /** @param {number} number */
  isError(number) {
    return this.#problems.has(number);
  }

  /**
   * Hands on all records with their numbers, slice by slice, until told to stop.
   * @param {(record: WalRecord, number: number) => void} each
   * @param {(end: number) => boolean} goesOn called behind each slice
   */
  async scan(each, goesOn) {
    for (const slice of this.#slices) {
      const records = await this.#readAgain(slice);
      let number = slice.first;
      for (const record of records) {
        while (this.#problems.has(number)) number += 1;
        each(record, number);
        number += 1;
      }
      if (!goesOn(slice.end)) return;
    }
  }

  /**
   * The place of a record among those of its slice: errors may lie between them.
   * @param {Slice} slice
   * @param {number} number
   */
  #place({ first }, number) {
    let place = number - first;
    for (const error of this.errors) {
      if (error >= number) break;
      if (error >= first) place -= 1;
    }
    return place;
  }

  /** @param {number} number */
  #sliceWith(number) {
    let low = 0;
    let high = this.#slices.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (/** @type {Slice} */ (this.#slices[middle]).first <= number) low = middle;
      else high = middle;
    }
    return /** @type {Slice} */ (this.#slices[low]);
  }

  /** @param {Slice} slice */
  #records(slice) {
    const records = this.#atHand.get(slice) ?? this.#readAgain(slice);
    this.#atHand.delete(slice);
    this.#atHand.set(slice, records);
    for (const old of this.#atHand.keys()) {
      if (this.#atHand.size <= SLICES_AT_HAND) break;
      this.#atHand.delete(old);
    }
    return records;
  }

  /**
   * @param {Slice} slice
   * @returns {Promise<WalRecord[]>}
   */
  async #readAgain({ start, end, records }) {
    const page = start - (start % PAGE);
    const options = /** @type {const} */ ({ errors: 'include' });
    const reader = new WalReader({ ...options, start: lsnOf(start), input: lsnOf(page) });
    const found = [];
    try {
      for await (const bytes of this.bytes.read(page, end)) {
        for (const entry of reader.push(bytes)) if (entry.kind === 'record') found.push(entry);
      }
    } finally {
      reader.free();
    }
    if (found.length !== records) {
      throw new Error('the files are not what they were when they were read');
    }
    return found;
  }
}

/** @param {WalRecord} record */
function relationOf({ firstBlock }) {
  if (firstBlock === null) return '';
  const { tablespace, database, relation } = firstBlock;
  return `${tablespace}/${database}/${relation}`;
}

/**
 * @param {number} number
 * @param {WalRecord} record
 * @returns {Message}
 */
function recordRow(number, record) {
  const { description, resourceManager, recordType } = record;
  return {
    number,
    kind: `${resourceManager}/${recordType}`,
    style: `wal ${resourceManager.toLowerCase()}`,
    xid: record.xid === 0 ? null : record.xid,
    lsn: record.startLsn,
    relation: relationOf(record),
    summary: `${VALUE}${visible(description.slice(0, SUMMARY_LIMIT))}`,
    offset: 0,
    size: record.recordLength,
    place: `${record.startLsn} to ${record.endLsn}, timeline ${record.timeline}`,
    level: 1,
    members: 0,
    folded: false,
  };
}

/**
 * @param {number} number
 * @param {import('../decoding/errors.js').DecodeError} error
 * @returns {Message}
 */
function errorRow(number, { lsn, message }) {
  return {
    number,
    kind: 'error',
    xid: null,
    lsn: lsn ?? '',
    relation: '',
    summary: `${VALUE}${visible(message)}`,
    offset: 0,
    size: 0,
    level: 1,
    members: 0,
    folded: false,
  };
}
