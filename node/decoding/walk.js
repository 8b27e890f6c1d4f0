/** The way through a batch's records: from one that users see to the next. */

import { WalscopeError } from './errors.js';
import { Context, isTransactional } from './facts.js';
import { KIND, KIND_MASK, RECORD } from './layout.js';
import { errorOf } from './problem.js';
import { wordAt } from './words.js';

// The engine takes these for the numbers that they are, which it does not of an import's properties.
const { INSERT, UPDATE, DELETE } = KIND;
const { LENGTH } = RECORD;

/** Stands on one record after the other. */
export class Walk {
  #ended = false;
  /** Whether a row that comes next belongs to the same transaction as the current record. */
  #within = false;
  /** @type {Context | null} */
  #open;
  #words;
  #to;

  /** @param {import('./batch.js').Batch} batch */
  constructor(batch) {
    if (batch.index.length === 0) {
      throw new WalscopeError({
        code: 'WALSCOPE_MOVED',
        message: 'this batch was moved to another thread',
        hint: 'use the batch that Batch.from made there',
      });
    }
    this.batch = batch;
    /** The current record's word in the index. */
    this.at = batch.from;
    /** The word of the record after it. */
    this.next = batch.from;
    this.kind = 0;
    /**
     * The transaction of the current record.
     *
     * @type {Context | null}
     */
    this.context = null;
    this.#open = batch.context;
    this.#words = batch.index;
    this.#to = batch.to;
  }

  /** How many items of the stream were delivered with the current record. */
  get items() {
    const { batch } = this;
    return batch.itemsBefore + wordAt(batch.index, this.at + RECORD.ITEMS);
  }

  /**
   * Goes to the next record that users see; false when there is none. Throws what the batch tells
   * of as an error, unless errors are to be shown.
   *
   * @returns {boolean}
   */
  advance() {
    const at = this.next;
    if (at < this.#to && this.#within) {
      const words = this.#words;
      const kind = /** @type {number} */ (words[at]) & KIND_MASK;
      if (kind === INSERT || kind === UPDATE || kind === DELETE) {
        this.next = at + /** @type {number} */ (words[at + LENGTH]);
        this.at = at;
        this.kind = kind;
        return true;
      }
    }
    return this.#advanceAny();
  }

  /** @returns {boolean} */
  #advanceAny() {
    const words = this.#words;
    while (this.next < this.#to) {
      const at = this.next;
      this.next = at + wordAt(words, at + RECORD.LENGTH);
      if (this.#ended) {
        this.#open = null;
        this.#ended = false;
      }
      const kind = wordAt(words, at) & KIND_MASK;
      if (kind === KIND.CONTEXT) {
        this.#open = Context.read(words, at, this.batch.bytes);
      } else if (kind === KIND.HEAD) {
        this.#open = null;
      } else {
        this.#stand(at, kind);
        return true;
      }
    }
    return false;
  }

  /**
   * @param {number} at
   * @param {number} kind
   */
  #stand(at, kind) {
    const { batch } = this;
    if (kind === KIND.ERROR && batch.errors === 'throw') throw errorOf(batch, at);
    this.at = at;
    this.kind = kind;
    // What ends a transaction still belongs to it.
    this.#ended = kind === KIND.COMMIT || kind === KIND.PREPARE;
    const outside =
      kind === KIND.KEEPALIVE || (kind === KIND.MESSAGE && !isTransactional(batch.index, at));
    this.context = outside ? null : this.#open;
    this.#within = !outside && !this.#ended;
  }
}
