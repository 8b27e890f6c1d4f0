/**
 * A window: the bytes and index words of some consecutive records, copied out of their batch. Changes
 * point to their window, so that keeping one change does not keep a batch of megabytes alive.
 */

import { isRow, KIND_MASK, RECORD, ROW } from './layout.js';
import { TextSource, WINDOW_BYTES } from './text.js';
import { wordAt } from './words.js';

/**
 * @typedef {import('./facts.js').Relations} Relations
 *
 * @typedef {object} Span
 * @property {number} from the first byte
 * @property {number} end behind the last byte
 * @property {number} stop the word behind the last record
 */

export class Window {
  #slot = -1;
  /** @type {import('./relation.js').Relation | undefined} */
  #relation;

  /**
   * @param {import('./batch.js').Batch} batch
   * @param {number} at the first record's word in the batch
   * @param {number} to the word behind the last record that may be taken
   */
  constructor(batch, at, to) {
    const { from, end, stop } = spanFrom(batch.index, at, to);
    this.words = batch.index.slice(at, stop);
    this.source = new TextSource(batch.bytes.slice(from, end), from, batch.position);
    this.relations = batch.relations;
    this.owner = batch.owner;
    this.itemsBefore = batch.itemsBefore;
    /** The word of the batch at which this window begins, and behind which it ends. */
    this.start = at;
    this.stop = stop;
  }

  /**
   * The table of a row's record. Rows of one table mostly follow each other.
   *
   * @param {number} at the record's word in this window
   * @returns {import('./relation.js').Relation}
   */
  relationAt(at) {
    const slot = wordAt(this.words, at + ROW.RELATION);
    if (slot !== this.#slot) {
      this.#slot = slot;
      this.#relation = this.relations.get(slot);
    }
    return /** @type {import('./relation.js').Relation} */ (this.#relation);
  }
}

/**
 * How far a window that begins at this record reaches: until the messages of its rows span more
 * than `WINDOW_BYTES`. What is not a row is read from the batch when its change is made.
 *
 * @param {Int32Array} words
 * @param {number} at
 * @param {number} to
 * @returns {Span}
 */
function spanFrom(words, at, to) {
  let from = 0;
  let end = 0;
  let stop = at;
  while (stop < to) {
    if (isRow(wordAt(words, stop) & KIND_MASK)) {
      const offset = wordAt(words, stop + RECORD.OFFSET);
      const low = end === 0 ? offset : Math.min(from, offset);
      const high = Math.max(end, offset + wordAt(words, stop + RECORD.SIZE));
      if (end !== 0 && high - low > WINDOW_BYTES) break;
      from = low;
      end = high;
    }
    stop += wordAt(words, stop + RECORD.LENGTH);
  }
  return { from, end, stop };
}
