// The messages of a recording. What is kept of them is core's table, about as many bytes as the
// messages have; their own bytes stay in the file and are read again for the rows in sight.

import { Batch } from '../decoding/batch.js';
import { HEADER } from '../decoding/layout.js';
import { Folds } from './folds.js';
import { describe } from './summary.js';

/** Batches whose bytes are at hand: what is in sight, and the way back. */
const BATCHES_AT_HAND = 4;

/**
 * @typedef {object} Kept
 * @property {number} first the number of its first message
 * @property {number} position of its first byte in the file
 * @property {number} received bytes of the file
 * @property {Uint8Array} side bytes that core wrote behind them
 * @property {Omit<import('../decoding/batch.js').TransferableBatch, 'bytes'>} rest
 */

/**
 * @typedef {object} Message
 * @property {number} number from 0
 * @property {string} kind
 * @property {string} [style] the line's classes, where they are not the kind
 * @property {number | null} xid
 * @property {string} relation
 * @property {string} lsn
 * @property {string} summary
 * @property {number} offset where it begins in the file
 * @property {number} size
 * @property {string} [place] where it lies, where that is no place in a file
 * @property {number} level 1, or 2 within a transaction
 * @property {number} members how many messages belong to the transaction that this one begins
 * @property {boolean} folded whether these are hidden
 */

export class MessageStore {
  #file;
  /** @type {Kept[]} */
  #batches = [];
  /** @type {Map<Kept, Promise<Batch>>} the one used last at the end */
  #atHand = new Map();
  /** Where the last error is in the file. */
  #errorOffset = -1;

  folds = new Folds();
  length = 0;
  /**
   * The numbers of the messages that are errors.
   * @type {number[]}
   */
  errors = [];

  /** @param {Blob} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * Adds what a batch has, unless it only tells again of the error that ended the decoding.
   * @param {Batch} batch
   * @returns {boolean} whether more can come
   */
  add(batch) {
    if (this.#isRepeated(batch)) return false;
    const { bytes, ...rest } = batch.toTransferable().message;
    const received = batch.index[HEADER.RECEIVED] ?? 0;
    const side = bytes.slice(received);
    // The messages are shown as they came: a batch of them is one piece of the file.
    const position = /** @type {number} */ (batch.position);
    this.#batches.push({ first: this.length, position, received, side, rest });
    for (const row of batch) {
      const { kind } = row;
      this.folds.add(this.length, kind);
      if (kind === 'error') {
        this.errors.push(this.length);
        this.#errorOffset = Number(row.facts.offset);
      }
      this.length += 1;
    }
    return true;
  }

  /** @param {Batch} batch */
  #isRepeated(batch) {
    const { value: row } = batch[Symbol.iterator]().next();
    return row?.kind === 'error' && row.facts.offset === this.#errorOffset;
  }

  /**
   * The messages in some rows of the list.
   * @param {number} first
   * @param {number} count
   * @returns {Promise<Message[]>}
   */
  async rows(first, count) {
    const { folds } = this;
    const last = Math.min(first + count, folds.shown);
    const numbers = [];
    for (let row = first; row < last; row += 1) numbers.push(folds.at(row));
    /** @type {Message[]} */
    const messages = [];
    while (messages.length < numbers.length) {
      const kept = this.#keptWith(/** @type {number} */ (numbers[messages.length]));
      const before = messages.length;
      readMessages(await this.#batch(kept), kept, numbers, messages);
      if (messages.length === before)
        throw new Error('the file is not what it was when it was read');
    }
    return messages.map((message) => ({ ...message, ...folds.describe(message.number) }));
  }

  /**
   * The batch that a message is in.
   * @param {number} number
   */
  #keptWith(number) {
    let low = 0;
    let high = this.#batches.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (/** @type {Kept} */ (this.#batches[middle]).first <= number) low = middle;
      else high = middle;
    }
    return /** @type {Kept} */ (this.#batches[low]);
  }

  /** @param {Kept} kept */
  #batch(kept) {
    const batch = this.#atHand.get(kept) ?? this.#readAgain(kept);
    this.#atHand.delete(kept);
    this.#atHand.set(kept, batch);
    for (const old of this.#atHand.keys()) {
      if (this.#atHand.size <= BATCHES_AT_HAND) break;
      this.#atHand.delete(old);
    }
    return batch;
  }

  /** @param {Kept} kept */
  async #readAgain({ position, received, side, rest }) {
    const bytes = new Uint8Array(received + side.length);
    const slice = this.#file.slice(position, position + received);
    bytes.set(new Uint8Array(await slice.arrayBuffer()));
    bytes.set(side, received);
    return Batch.from({ ...rest, bytes });
  }
}

/**
 * Adds to `messages` those of the wanted ones that are in a batch.
 * @param {Batch} batch
 * @param {Kept} kept
 * @param {number[]} wanted in ascending order
 * @param {Message[]} messages
 */
function readMessages(batch, { first, position }, wanted, messages) {
  let number = first;
  for (const row of batch) {
    if (number === wanted[messages.length]) {
      messages.push({
        number,
        kind: row.kind,
        xid: row.xid,
        lsn: row.lsn ?? '',
        offset: position + row.messageOffset,
        size: row.messageLength,
        ...describe(row),
        level: 1,
        members: 0,
        folded: false,
      });
      if (messages.length === wanted.length) return;
    }
    number += 1;
  }
}
