/**
 * A window: the bytes and index words of some consecutive records, copied out of their batch. Changes
 * point to their window, so that keeping one change does not keep a batch of megabytes alive.
 */

import { FLAG_OWN_TEXTS, FLAG_SHIFT, HEADER, isRow, KIND_MASK, RECORD, ROW } from './layout.js';
import { TextSource, textSize, WINDOW_BYTES } from './text.js';
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
    const bytes = withOwnTexts(batch, this.words, from, end);
    this.source = new TextSource(bytes, from, batch.position);
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

/**
 * The received bytes of a window and, behind them, the texts that core has made of its rows' binary
 * values. Words that point there are made to point to where the texts are now.
 *
 * @param {import('./batch.js').Batch} batch
 * @param {Int32Array} words the window's own
 * @param {number} from
 * @param {number} end
 * @returns {Uint8Array}
 */
function withOwnTexts(batch, words, from, end) {
  const received = wordAt(batch.index, HEADER.RECEIVED);
  /** @type {number[]} */
  const moved = [];
  let low = batch.bytes.length;
  let high = received;
  for (let at = 0; at < words.length; at += wordAt(words, at + RECORD.LENGTH)) {
    const first = wordAt(words, at);
    if (!isRow(first & KIND_MASK) || ((first >>> FLAG_SHIFT) & FLAG_OWN_TEXTS) === 0) continue;
    const columns = wordAt(words, at + ROW.OLD_COLUMNS) + wordAt(words, at + ROW.NEW_COLUMNS);
    const pairs = at + ROW.COLUMNS;
    for (let pair = pairs; pair < pairs + 2 * columns; pair += 2) {
      const offset = wordAt(words, pair);
      if (offset < received) continue;
      moved.push(pair);
      low = Math.min(low, offset);
      high = Math.max(high, offset + textSize(wordAt(words, pair + 1)));
    }
  }
  if (moved.length === 0) return batch.bytes.slice(from, end);
  for (const pair of moved) words[pair] = wordAt(words, pair) - low + end;
  const bytes = new Uint8Array(end - from + high - low);
  bytes.set(batch.bytes.subarray(from, end));
  bytes.set(batch.bytes.subarray(low, high), end - from);
  return bytes;
}
