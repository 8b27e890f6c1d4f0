// What the records of a log take up: by kind of record, and along the log. Counted from the table of
// integers while the list is made, so that nothing is read twice.

import { ENTRY, HEADER, KIND_ERROR } from '../wal/layout.js';

/** Kinds of records: a resource manager's number and its four bits of info. */
const KINDS = 256 * 16;
/** Numbers for each kind. */
const FIELDS = 3;
const TRANSACTION = 1;
/** Of a transaction's record one of the four bits does not say what kind it is. */
const TRANSACTION_KINDS = 0x07;

/**
 * @typedef {{ records: number, recordBytes: number, fpiBytes: number }} Sum
 * @typedef {Sum & { lsn: string }} Stretch
 * @typedef {Sum & { manager: string, type: string }} KindCount
 */

export class WalCounts {
  #kinds = new Float64Array(KINDS * FIELDS);
  /** @type {(Sum & { start: number, end: number })[]} */
  #stretches = [];

  /**
   * Counts a batch.
   * @param {Int32Array} index
   * @param {number} start where its first byte lies
   * @param {number} end
   */
  add(index, start, end) {
    let [records, recordBytes, fpiBytes] = [0, 0, 0];
    for (let at = HEADER.LENGTH; at < index.length; at += ENTRY.LENGTH) {
      const first = index[at] ?? 0;
      if ((first & 0xff) === KIND_ERROR) continue;
      const images = index[at + ENTRY.IMAGES] ?? 0;
      const rest = ((index[at + ENTRY.SIZE] ?? 0) >>> 0) - images;
      const manager = (first >>> 8) & 0xff;
      const bits = (first >>> 20) & 0x0f;
      const kind = manager * 16 + (manager === TRANSACTION ? bits & TRANSACTION_KINDS : bits);
      this.#kinds[kind * FIELDS] = (this.#kinds[kind * FIELDS] ?? 0) + 1;
      this.#kinds[kind * FIELDS + 1] = (this.#kinds[kind * FIELDS + 1] ?? 0) + rest;
      this.#kinds[kind * FIELDS + 2] = (this.#kinds[kind * FIELDS + 2] ?? 0) + images;
      records += 1;
      recordBytes += rest;
      fpiBytes += images;
    }
    if (end > start) this.#stretches.push({ start, end, records, recordBytes, fpiBytes });
  }

  /**
   * Each kind of record that there is.
   * @param {import('../wal/names.js').Names} names
   * @param {number} version
   * @returns {KindCount[]}
   */
  kinds(names, version) {
    const found = [];
    for (let kind = 0; kind < KINDS; kind += 1) {
      const [records = 0, recordBytes = 0, fpiBytes = 0] = this.#kinds.subarray(
        kind * FIELDS,
        (kind + 1) * FIELDS,
      );
      if (records === 0) continue;
      const [id, info] = [kind >>> 4, (kind & 15) << 4];
      const type = names.type(id, info, version) ?? `UNKNOWN (${info.toString(16)})`;
      found.push({ manager: names.manager(id), type, records, recordBytes, fpiBytes });
    }
    return found;
  }

  /**
   * The log in so many stretches of one length.
   * @param {number} most
   * @param {(position: number) => string} text
   * @returns {Stretch[]}
   */
  stretches(most, text) {
    const first = this.#stretches[0]?.start ?? 0;
    const last = this.#stretches.at(-1)?.end ?? first;
    const count = Math.max(1, Math.min(most, this.#stretches.length));
    const size = Math.max(1, (last - first) / count);
    const sums = Array.from({ length: count }, (_, number) => ({
      lsn: text(Math.floor(first + number * size)),
      records: 0,
      recordBytes: 0,
      fpiBytes: 0,
    }));
    for (const { start, records, recordBytes, fpiBytes } of this.#stretches) {
      const sum = sums[Math.min(count - 1, Math.floor((start - first) / size))];
      if (sum === undefined) continue;
      sum.records += records;
      sum.recordBytes += recordBytes;
      sum.fpiBytes += fpiBytes;
    }
    return sums;
  }
}
