/** A stream's changes by transaction. */

import { KIND, RECORD } from './decoding/layout.js';
import { concurrentNext, WalscopeError } from './decoding/errors.js';
import { StreamEnd } from './iteration.js';
import { wordAt } from './decoding/words.js';

/**
 * @typedef {import('./decoding/batch.js').Batch} Batch
 * @typedef {import('./decoding/changes.js').Change} Change
 * @typedef {import('./decoding/facts.js').Context} Context
 * @typedef {import('./decoding/iterators.js').ChangeIterator} ChangeIterator
 * @typedef {import('./decoding/walk.js').Walk} Walk
 * @typedef {import('./feed.js').Feed} Feed
 */

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** Where the consumer is in the stream: the transactions take turns with it. */
class Cursor {
  /** @type {ChangeIterator | null} */
  #changes = null;
  #held = false;

  /** @param {Feed} feed */
  constructor(feed) {
    this.feed = feed;
    /** The transaction whose turn it is. @type {Transaction | null} */
    this.current = null;
  }

  /** @returns {ChangeIterator} */
  get changes() {
    return /** @type {ChangeIterator} */ (this.#changes);
  }

  /** @returns {Walk} */
  get walk() {
    return this.changes.walk;
  }

  /** Gives the current record again at the next advance. */
  hold() {
    this.#held = true;
  }

  /** Goes to the next record of the batch at hand; false when that is at its end. */
  advanceHere() {
    if (this.#held) {
      this.#held = false;
      return true;
    }
    return this.#changes !== null && this.#changes.walk.advance();
  }

  /** Goes to the next record, of the next batch if need be; false when the stream has ended. */
  async advance() {
    // What has arrived is dropped when the stream is closed: the feed says that it has ended.
    while (!this.feed.open || !this.advanceHere()) {
      const batch = await this.feed.next();
      if (batch === null) return false;
      this.#changes = batch.changes();
    }
    return true;
  }
}

/**
 * A transaction: an async iterable of its changes, to be read once. A message outside of any
 * transaction, and the later fate of a prepared one, come as transactions of one change.
 */
export class Transaction {
  #cursor;
  #context;
  #alone;
  #over = false;
  #discarded = false;
  #items = 0;
  /** @type {string | null} */
  #endLsn = null;

  /**
   * @param {Cursor} cursor that stands on the first record
   * @param {number | null} xid
   * @param {Context | null} context null for what stands alone
   */
  constructor(cursor, xid, context) {
    this.#cursor = cursor;
    this.#context = context;
    this.#alone = context === null;
    this.xid = xid;
  }

  get commitLsn() {
    return this.#context?.commitLsn ?? null;
  }

  get commitTime() {
    return this.#context?.commitTime ?? null;
  }

  get prepareLsn() {
    return this.#context?.prepareLsn ?? null;
  }

  get gid() {
    return this.#context?.gid ?? null;
  }

  get origin() {
    return this.#context?.origin ?? null;
  }

  /** Where the transaction's end lies; null until it has been read. */
  get endLsn() {
    return this.#endLsn;
  }

  /** @returns {AsyncIterator<Change, undefined> & { [Symbol.asyncIterator](): AsyncIterator<Change> }} */
  [Symbol.asyncIterator]() {
    return iterator(() => this.#next());
  }

  /** The records, many at a time: the fast road. */
  batches() {
    return iterator(() => this.#nextPart());
  }

  /**
   * All changes. Throws when they are more than `maxBytes` of messages.
   *
   * @param {{ maxBytes?: number }} [options]
   * @returns {Promise<Change[]>}
   */
  async toArray({ maxBytes = DEFAULT_MAX_BYTES } = {}) {
    /** @type {Change[]} */
    const changes = [];
    let bytes = 0;
    for await (const change of this) {
      const { at, batch } = this.#cursor.walk;
      bytes += wordAt(batch.index, at + RECORD.SIZE);
      if (bytes > maxBytes) throw tooLarge(this.xid, maxBytes);
      changes.push(change);
    }
    return changes;
  }

  /**
   * Reads what is left and forgets it.
   *
   * @returns {Promise<boolean>} false when the stream ended before
   */
  async discard() {
    this.#discarded = !this.#over;
    while (!this.#over) {
      if (!(await this.#cursor.advance())) return false;
      this.#passes();
    }
    return true;
  }

  /**
   * @param {Transaction} transaction
   * @returns {{ owner: object, items: number }}
   */
  static delivery(transaction) {
    const items = transaction.#over ? transaction.#items : Infinity;
    return { owner: transaction.#cursor.feed, items };
  }

  /** @returns {Promise<IteratorResult<Change, undefined>>} */
  #next() {
    const cursor = this.#cursor;
    const { feed } = cursor;
    if (feed.busy) return Promise.reject(concurrentNext());
    if (this.#discarded) return Promise.reject(discarded());
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    try {
      if (feed.open && cursor.advanceHere()) return Promise.resolve(this.#take());
    } catch (error) {
      return feed.exclusive(() => Promise.reject(error));
    }
    return feed.exclusive(async () => {
      if (!(await cursor.advance())) throw cut();
      return this.#take();
    });
  }

  /** @returns {Promise<IteratorResult<Batch, undefined>>} */
  async #nextPart() {
    const cursor = this.#cursor;
    if (this.#discarded) throw discarded();
    if (this.#over) return { done: true, value: undefined };
    return cursor.feed.exclusive(async () => {
      if (!(await cursor.advance())) throw cut();
      const { walk } = cursor;
      const { at: from, batch, context } = walk;
      if (this.#passes() && !this.#alone) return { done: true, value: undefined };
      let to = walk.next;
      while (!this.#over && walk.advance()) {
        to = this.#passes() ? walk.at : walk.next;
      }
      return { done: false, value: batch.part(from, to, context) };
    });
  }

  /** @returns {IteratorResult<Change, undefined>} */
  #take() {
    const change = this.#cursor.changes.current();
    if (this.#passes() && !this.#alone) return { done: true, value: undefined };
    return { done: false, value: change };
  }

  /**
   * Takes note of the current record; true when the transaction ends with it.
   *
   * @returns {boolean}
   */
  #passes() {
    const cursor = this.#cursor;
    const { kind, items } = cursor.walk;
    const ends = this.#alone || kind === KIND.COMMIT || kind === KIND.PREPARE;
    if (!ends) return false;
    this.#over = true;
    this.#items = items;
    const { endLsn } = /** @type {{ endLsn?: string }} */ (
      /** @type {unknown} */ (cursor.changes.current())
    );
    this.#endLsn = endLsn ?? null;
    cursor.feed.delivered = items;
    return true;
  }
}

/**
 * The transactions of a stream.
 *
 * @extends {StreamEnd<Feed>}
 */
export class TransactionIterator extends StreamEnd {
  #cursor;

  /** @param {Feed} feed */
  constructor(feed) {
    super(feed);
    this.#cursor = new Cursor(feed);
  }

  /** @returns {Promise<IteratorResult<Transaction, undefined>>} */
  next() {
    return this.feed.exclusive(async () => {
      const value = await this.#next();
      this.#cursor.current = value;
      return value === null ? { done: true, value: undefined } : { done: false, value };
    });
  }

  /** @returns {Promise<Transaction | null>} */
  async #next() {
    const cursor = this.#cursor;
    if (cursor.current !== null) {
      if (!(await cursor.current.discard())) return null;
      cursor.current = null;
      // The consumer has asked for what is behind the transaction's end.
      this.feed.asked();
    }
    if (!(await cursor.advance())) return null;
    if (cursor.walk.kind === KIND.BEGIN) {
      // The origin is told after the beginning: the next record knows it.
      if (!(await cursor.advance())) return null;
    }
    cursor.hold();
    const { at, batch, context } = cursor.walk;
    const xid = wordAt(batch.index, at + RECORD.XID) >>> 0;
    return new Transaction(cursor, xid === 0 ? null : xid, context);
  }
}

/**
 * @template T
 * @param {() => Promise<IteratorResult<T, undefined>>} next
 * @returns {AsyncIterator<T, undefined> & { [Symbol.asyncIterator](): AsyncIterator<T> }}
 */
function iterator(next) {
  return {
    next,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * A transaction that is not whole must not look as if it had come to its end.
 *
 * @returns {WalscopeError}
 */
function cut() {
  return new WalscopeError({
    code: 'WALSCOPE_CLOSED',
    message: 'the stream was closed within this transaction',
    hint: 'do not apply what was read of it: it comes again, whole',
  });
}

/** @returns {WalscopeError} */
function discarded() {
  return new WalscopeError({
    code: 'WALSCOPE_TRANSACTION_OVER',
    message: 'the rest of this transaction was discarded when the next one was asked for',
    hint: 'read a transaction before asking for the next',
  });
}

/**
 * @param {number | null} xid
 * @param {number} maxBytes
 * @returns {WalscopeError}
 */
function tooLarge(xid, maxBytes) {
  return new WalscopeError({
    code: 'WALSCOPE_TRANSACTION_TOO_LARGE',
    message: `transaction ${xid} holds more than ${maxBytes} bytes of changes`,
    hint: 'iterate it, or give toArray a larger maxBytes',
  });
}
